/* memfd.h - memory with a descriptor: memfd_create(2)
 *
 * Kernel                                                                     since
 *           memfd_create(2), F_GET_SEALS, F_ADD_SEALS                        Linux 3.17
 *           F_SEAL_FUTURE_WRITE                                              Linux 5.1
 *           MFD_EXEC, MFD_NOEXEC_SEAL, F_SEAL_EXEC                           Linux 6.3
 *         The link is "/memfd:NAME (deleted)".
 * Image   memfd.img: an inode; pagemap-shmem-SHMID: its contents, SHMID is the inode number.
 * Made    memfd_create(2), filled; every description is opened through /proc/self/fd.  Seals
 *         come last, when all mappings are there.
 * Refused memory of huge pages (MFD_HUGETLB).
 */
#ifndef CKRUN_FD_MEMFD_H
#define CKRUN_FD_MEMFD_H

#include <stdint.h>

#include "engine/image/schema/fdinfo.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* memfd_describe(), memfd_open() - as reg_describe() and reg_open(), for what is mapped. */
int memfd_describe(struct fd_dump *dump, int fd, const char *link, uint32_t flags,
		   struct open_file **ret, struct err *err);
int memfd_open(struct fd_make *make, const FileEntry *entry, uint32_t flags, int *ret_fd,
	       struct err *err);

/* memfd_seal() - every memfd that was made gets the seals of the image. */
int memfd_seal(struct fd_make *make, struct err *err);
void memfd_end(struct fd_make *make); /* closes what waits for memfd_open() */

#endif
