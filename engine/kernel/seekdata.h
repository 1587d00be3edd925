/* seekdata.h - which parts of a file or shared memory object hold something
 *
 * Kernel  lseek(2) SEEK_DATA, SEEK_HOLE                                      since
 *           tmpfs, memfd, shared anonymous and System V memory, also what
 *           was swapped out                                                  Linux 3.8
 *         Pages that were only allocated (fallocate(2)) or are all holes count as holes.  A file
 *         system that does not know holes shows one piece of data (hugetlbfs).
 *         The object of a mapping is opened by maps_file_open().
 */
#ifndef CKRUN_KERNEL_SEEKDATA_H
#define CKRUN_KERNEL_SEEKDATA_H

#include "engine/kernel/runs.h"

struct arena;
struct err;

/* seekdata_find() - the data of fd in [start, end), in whole pages, added to ret; what lies
 * beyond the end of the file has none.  Moves the file position of fd: open it anew. */
int seekdata_find(int fd, const struct run *range, struct arena *arena, struct runs *ret,
		  struct err *err);

#endif
