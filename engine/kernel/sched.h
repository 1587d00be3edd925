/* sched.h - how one thread is scheduled
 *
 * Kernel                                                                     since
 *           ioprio_get(2)                                                    Linux 2.6.13
 *           sched_getattr(2): policy, nice, priority, deadline               Linux 3.14
 *           /proc/TID/timerslack_ns; CAP_SYS_NICE for others' threads        Linux 4.6
 *           utilization clamps, with CONFIG_UCLAMP_TASK                      Linux 5.3
 *         timerslack_ns is not below /proc/PID/task, but any thread's number works in /proc.
 *         The slack of a real-time thread reads 0.
 * Lost    sched_getaffinity(2) tells the mask as the cpuset and the CPUs on line cut it, not what
 *         the thread asked for.
 */
#ifndef CKRUN_KERNEL_SCHED_H
#define CKRUN_KERNEL_SCHED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct sched_thread {
	uint32_t policy; /* SCHED_* */
	uint64_t flags;  /* SCHED_FLAG_* of sched_setattr(2): reset on fork, reclaim, ... */
	int32_t nice;
	uint32_t priority;                  /* SCHED_FIFO, SCHED_RR */
	uint64_t runtime, deadline, period; /* ns, SCHED_DEADLINE */
	uint32_t util_min, util_max;        /* 0 .. 1024; 0, 0 without clamps in the kernel */
	uint32_t ioprio;                    /* class << 13 | level; class 0: none was set */
	uint64_t timer_slack_ns;
	uint32_t cpu_words; /* CPU i is bit i % 64 of word i / 64 */
	uint64_t *cpus;
};

int sched_read(pid_t tid, struct arena *arena, struct sched_thread *ret, struct err *err);

#endif
