/* timers.h - the POSIX timers of a process, from /proc/PID/timers
 *
 * Kernel  fs/proc/base.c show_timer(), with CONFIG_CHECKPOINT_RESTORE        since
 *           all lines                                                        Linux 3.10
 *         Not shown: the time to go, the interval, overruns.  They are asked from inside, with
 *         timer_gettime(2) and timer_getoverrun(2).
 * Order   Newest first on some kernels, oldest first on others; the id tells.
 */
#ifndef CKRUN_KERNEL_TIMERS_H
#define CKRUN_KERNEL_TIMERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct timers_timer {
	int32_t id;     /* the kernel's, which timer_t is */
	int32_t signal; /* 0 with SIGEV_NONE perhaps */
	uint64_t value; /* sigev_value.sival_ptr */
	int32_t notify; /* SIGEV_SIGNAL, SIGEV_NONE or SIGEV_THREAD; + SIGEV_THREAD_ID */
	pid_t target; /* process, or with SIGEV_THREAD_ID thread, in the pid namespace of /proc */
	int32_t clock; /* clockid_t; negative: a CPU-time clock or that of a descriptor */
};

struct timers {
	size_t n;
	struct timers_timer *timer;
};

int timers_parse(const char *text, struct arena *arena, struct timers *ret, struct err *err);
int timers_read(pid_t pid, struct arena *arena, struct timers *ret, struct err *err);

#endif
