/* pass.h - descriptors of ours into a task
 *
 * The task has one end of a socket pair under a number that it does not use otherwise; its
 * children inherit it.  We send with SCM_RIGHTS, the task receives in planted code.
 */
#ifndef CKRUN_INJECT_PASS_H
#define CKRUN_INJECT_PASS_H

#include <stddef.h>
#include <sys/types.h>

struct calls;
struct err;

enum { PASS_MAX = 200 }; /* descriptors in one message; the kernel takes 253 */

/* pass_open() - make the pair in the task and take our end out of it.  Every other descriptor
 * of the task is closed; its end has the number `num` afterwards.  Returns our end. */
int pass_open(struct calls *calls, pid_t tid, int pidfd, int num, struct err *err);

/* pass_files() - *ret_num[i] is the task's number for fd[i], close-on-exec: the lowest free
 * ones.  n is at most PASS_MAX. */
int pass_files(int ours, struct calls *calls, pid_t tid, int num, const int *fd, size_t n,
	       int *ret_num, struct err *err);

#endif
