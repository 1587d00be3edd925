/* fill.h - contents of memory, from page files into tasks; internal to this folder */
#ifndef CKRUN_MEM_FILL_H
#define CKRUN_MEM_FILL_H

struct err;
struct mem_restoring;
struct task;

/* mem_fill() - the private pages of a task whose regions are mapped and writable. */
int mem_fill(struct mem_restoring *r, const struct task *task, struct err *err);

/* mem_map_shared() - its regions of shared anonymous memory; the first task that has an object
 * makes and fills it. */
int mem_map_shared(struct mem_restoring *r, const struct task *task, struct err *err);

#endif
