/* pagemap.h - which pages of a private region hold something that must be saved
 *
 * Kernel  Documentation/admin-guide/mm/pagemap.rst                           since
 *           /proc/PID/pagemap, 64 bits a page: 63 present, 62 swapped,
 *             61 of a file or shared memory, 58 guard, 0-54 the frame        Linux 2.6.25, 3.5
 *           frames only for CAP_SYS_ADMIN, else 0                            Linux 4.2
 *           PAGEMAP_SCAN, which skips empty page tables                      Linux 6.7
 *           guard regions, madvise(MADV_GUARD_INSTALL)                       Linux 6.13
 *           and told apart from swapped pages: PAGE_IS_GUARD, bit 58         Linux 6.15
 *         The scan is 470 times faster than the table on empty space, 4 on scattered pages.
 *         Without it, leave out regions whose Rss and Swap in smaps are both 0.
 * Found   Anonymous region: present or swapped, but not the zero page.
 *         File region: the same if it is not the file's page; the zero page counts, since it
 *         hides what the file has (userfaultfd can put it there).
 *         Guard pages are no data (reading them is EFAULT) and are listed apart.
 * Not here  Shared memory.  Its pages are those of the file: one process' table lacks what it
 *         did not touch, and what was swapped out.  seekdata.h asks the file.
 * Lost    Linux 6.13, 6.14 show guard pages as swapped; reading tells.  The huge zero page counts
 *         as data without the scan.  Markers of userfaultfd write-protection look swapped.
 */
#ifndef CKRUN_KERNEL_PAGEMAP_H
#define CKRUN_KERNEL_PAGEMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/kernel/runs.h"

struct arena;
struct err;

enum pagemap_region { PAGEMAP_ANONYMOUS, PAGEMAP_FILE };
enum pagemap_method { PAGEMAP_BEST, PAGEMAP_TABLE };

struct pagemap {
	int fd;
	bool scan;          /* PAGEMAP_SCAN works */
	bool guards;        /* and knows guard pages */
	uint64_t zero_pfn;  /* of the table; 0: unknown */
	unsigned int calls; /* ioctl(2) or pread(2), for measuring */
};

struct pagemap_pages {
	struct runs data, guard;
};

/* pagemap_open() - of the address space that the process has now: it stays that one over execve(2).
 * PAGEMAP_TABLE: as on a kernel without the scan. */
int pagemap_open(pid_t pid, enum pagemap_method method, struct pagemap *ret, struct err *err);
void pagemap_close(struct pagemap *pagemap); /* for scoped(pagemap_close) */

/* pagemap_find() - the pages of [start, end), which may span regions of one kind and holes; they
 * are added to ret, whose last run ends at or before start.  Addresses are of whole pages. */
int pagemap_find(struct pagemap *pagemap, const struct run *range, enum pagemap_region region,
		 struct arena *arena, struct pagemap_pages *ret, struct err *err);

#endif
