/* fown.h - what every open file has: status flags, and who is signalled when it is ready
 *
 * Kernel  fcntl(2)                                                           since
 *           F_GETSIG, F_SETSIG                                               Linux 2.4
 *           F_GETOWN_EX, F_SETOWN_EX: thread, process or group               Linux 2.6.32
 *           F_GETOWNER_UIDS: who said so; with CONFIG_CHECKPOINT_RESTORE     Linux 3.6
 *         The signal is sent with the rights of the one who set the owner.
 *         F_SETFL changes O_APPEND, O_ASYNC, O_DIRECT, O_NOATIME and O_NONBLOCK only.
 * Pids    In the image they are the container's.
 * Refuses an owner outside of the container.
 */
#ifndef CKRUN_FD_FOWN_H
#define CKRUN_FD_FOWN_H

#include <stdint.h>

#include "engine/image/schema/fown.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* fown_dump() - the record, in the arena; file->fd must be open. */
int fown_dump(const struct fd_dump *dump, const struct open_file *file, FownEntry **ret,
	      struct err *err);

/* fown_restore() - owner and signal, then status flags: of `flags` those that fcntl(2) can
 * change.  The last step of a restore(): before it, nothing may signal the owner. */
int fown_restore(const struct fd_make *make, int fd, uint32_t flags, const FownEntry *fown,
		 struct err *err);

/* fown_flags() - status flags alone. */
int fown_flags(int fd, uint32_t flags, struct err *err);

#endif
