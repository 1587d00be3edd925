/* namespace.h - namespaces of other tasks: is it ours, and be in it for a moment
 *
 * Kernel  /proc/PID/ns/NAME is the same file (st_dev, st_ino) for the same namespace
 *         (Linux 3.8).  setns(2) moves the calling thread alone; of uts, ipc and net any
 *         thread of ours may enter one and come back.
 */
#ifndef CKRUN_KERNEL_NAMESPACE_H
#define CKRUN_KERNEL_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* namespace_name() - of a CLONE_NEW* flag, as in /proc/PID/ns: "uts". */
const char *namespace_name(unsigned long type);

/* namespace_is_ours() - is the task's the one that the calling thread is in?  True if the
 * kernel has no such namespaces. */
int namespace_is_ours(pid_t pid, unsigned long type, bool *ret, struct err *err);

/* namespace_visit() - calls visit() in the task's namespace (uts, ipc or net) and comes back;
 * returns what it returned.  Without going anywhere if it is ours. */
int namespace_visit(pid_t pid, unsigned long type, int (*visit)(void *ctx, struct err *err),
		    void *ctx, struct err *err);

#endif
