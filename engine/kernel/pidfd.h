/* pidfd.h - a task as a descriptor, that no other task can come to mean
 *
 * Kernel                                                                     since
 *           pidfd_send_signal(2)                                             Linux 5.1
 *           pidfd_open(2), pidfd_getfd(2)                                    Linux 5.3, 5.6
 *           PIDFD_THREAD: of a thread that leads no process                  Linux 6.9
 *           PIDFD_GET_INFO                                                   Linux 6.13
 *         pidfd_getfd(2) needs PTRACE_MODE_ATTACH_REALCREDS; what it returns is close-on-exec
 *         and shares file, position and status flags with the original.
 */
#ifndef CKRUN_KERNEL_PIDFD_H
#define CKRUN_KERNEL_PIDFD_H

#include <stdint.h>
#include <sys/types.h>

struct err;

enum pidfd_task { PIDFD_OF_PROCESS, PIDFD_OF_THREAD };

struct pidfd_ids {
	pid_t pid, tgid, ppid; /* in the caller's pid namespace */
	uint64_t cgroup_id;    /* cgroup v2: inode of its folder */
};

/* pidfd_for() - returns the descriptor, close-on-exec; -ESRCH: no such task, -EINVAL: a thread,
 * and the kernel is older than 6.9 or a process was asked for. */
int pidfd_for(pid_t pid, enum pidfd_task task, struct err *err);

/* pidfd_file() - a duplicate of descriptor fd of the task; returns it. */
int pidfd_file(int pidfd, int fd, struct err *err);

/* pidfd_signal() - with SI_USER of the caller.  Signal 0 asks whether the task is there. */
int pidfd_signal(int pidfd, int signal, struct err *err);

/* pidfd_read_ids() - -ENOTTY before Linux 6.13; -ESRCH once the task was reaped. */
int pidfd_read_ids(int pidfd, struct pidfd_ids *ret, struct err *err);

#endif
