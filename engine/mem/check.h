/* check.h - may these regions and pages of an image be made?
 *
 * An image may come from anywhere.  Checked before anything is made: regions are whole pages of
 * user space, ascend and do not overlap; protections and advice are those that ckrun gives back;
 * page runs lie in regions that have pages of their own, so that nothing is written anywhere
 * else in a task that holds planted code.
 */
#ifndef CKRUN_MEM_CHECK_H
#define CKRUN_MEM_CHECK_H

#include <stddef.h>

#include "engine/image/schema/mm.pb-c.h"

struct err;
struct page_run;

/* mem_check() - the regions of one address space. */
int mem_check(const MmEntry *mm, struct err *err);

/* mem_check_runs() - its page runs, which ascend; mem_check() found the regions sound. */
int mem_check_runs(const MmEntry *mm, const struct page_run *run, size_t n, struct err *err);

#endif
