/* limits.h - the resource limits of a process
 *
 * Kernel                                                                     since
 *           /proc/PID/limits                                                 Linux 2.6.24
 *           prlimit(2); of a process with other ids CAP_SYS_RESOURCE in its
 *           user namespace                                                   Linux 2.6.36
 *           RLIMIT_NLIMITS is 16                                             Linux 2.6.25
 *         Both say the same in the units of setrlimit(2).
 */
#ifndef CKRUN_KERNEL_LIMITS_H
#define CKRUN_KERNEL_LIMITS_H

#include <stdint.h>
#include <sys/types.h>

struct err;

enum { LIMITS = 16 };

struct limits {
	struct limits_pair {
		uint64_t soft, hard; /* UINT64_MAX: RLIM_INFINITY */
	} limit[LIMITS];             /* by RLIMIT_* */
};

/* limits_parse() - the text of /proc/PID/limits. */
int limits_parse(const char *text, struct limits *ret, struct err *err);

/* limits_read() - by prlimit(2), or by the text where that is not permitted. */
int limits_read(pid_t pid, struct limits *ret, struct err *err);

#endif
