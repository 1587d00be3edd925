/* fill.h - contents of memory, from page files into tasks; internal to this folder */
#ifndef CKRUN_MEM_FILL_H
#define CKRUN_MEM_FILL_H

#include <stdint.h>

#include "engine/image/schema/mm.pb-c.h"

struct calls;
struct err;
struct mem_restoring;
struct task;

/* mem_fill() - the private pages of a task whose regions are mapped and writable. */
int mem_fill(struct mem_restoring *r, const struct task *task, struct err *err);

/* mem_map_shared() - its regions of shared anonymous memory; the first task that has an object
 * makes and fills it. */
int mem_map_shared(struct mem_restoring *r, const struct task *task, struct err *err);

/* mem_map_segment() - a region that shows a System V segment; it is filled when it is met first. */
int mem_map_segment(struct mem_restoring *r, const struct task *task, const VmaEntry *vma,
		    struct err *err);

/* mem_fill_object() - the pages of shared memory that the task has mapped as a whole at `at`;
 * pages beyond its size are a damaged image. */
int mem_fill_object(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		    uint64_t at, uint64_t size, struct err *err);

void mem_add_advice(struct calls *calls, const VmaEntry *vma);

#endif
