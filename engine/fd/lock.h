/* lock.h - locks on files
 *
 * Kernel  flock(2), fcntl(2) F_SETLK and F_OFD_SETLK
 *         flock and OFD locks belong to an open file description: its fdinfo shows them, and
 *         they are taken again through any descriptor of it.
 *         POSIX locks belong to a descriptor table: they are taken again inside the task.
 *         fdinfo of any descriptor of such a table shows them; /proc/locks shows all, but its
 *         reader waits until no CPU uses its list any more: 12 ms (Linux 6.18).
 *         A task that waits for a lock is in a system call, which it makes again.
 * Refused  leases (F_SETLEASE).
 */
#ifndef CKRUN_FD_LOCK_H
#define CKRUN_FD_LOCK_H

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* lock_dump() - those that belong to the file. lock_finish() - those of tasks, and the image. */
int lock_dump(struct fd_dump *dump, const struct open_file *file, struct err *err);
int lock_finish(struct fd_dump *dump, struct err *err);

/* lock_settle() - every lock of the image; tasks can be visited. */
int lock_settle(struct fd_make *make, struct err *err);

#endif
