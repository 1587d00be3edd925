/* stat.h - /proc/PID/stat and /proc/PID/task/TID/stat: a task in one line
 *
 * Kernel  fs/proc/array.c do_task_stat(), proc_pid_stat(5)                 since
 *           start_data .. env_end, exit_code                               Linux 3.5
 *         comm is raw: it may hold ')', blanks and newlines; the last ')' ends it.
 *         Addresses and exit_code need PTRACE_MODE_READ_FSCREDS, else they are 0 (start_code 1).
 *         Of a kernel thread or zombie they are 0, start_code, end_code too.
 *         tid file: times, faults and min priority of the thread alone; all else is the same.
 * Numbers  ppid, pgrp, session, tpgid are in the pid namespace of /proc; 0: not visible there.
 *          tty_nr is new_encode_dev(); 0: no controlling terminal.  tpgid -1: none.
 *          nice and rt_priority are per thread; policy is SCHED_*.
 */
#ifndef CKRUN_KERNEL_STAT_H
#define CKRUN_KERNEL_STAT_H

#include <stdint.h>
#include <sys/types.h>

struct err;

enum { COMM_SIZE = 64 }; /* a kernel worker has more than the 15 bytes of TASK_COMM_LEN */

struct stat_task {
	pid_t pid;
	char comm[COMM_SIZE];
	char state; /* R S D Z T t X I P */
	pid_t ppid, pgrp, session;
	uint32_t tty_nr;
	pid_t tpgid;
	uint32_t flags;                        /* PF_*: STAT_EXITING, STAT_KTHREAD */
	uint64_t utime, stime, cutime, cstime; /* clock ticks */
	int32_t nice, num_threads;
	uint64_t starttime; /* clock ticks after boot */
	uint64_t rsslim;
	uint64_t start_code, end_code, start_stack;
	uint64_t wchan; /* 0 or 1 */
	int32_t exit_signal;
	uint32_t processor, rt_priority, policy;
	uint64_t start_data, end_data, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
	int32_t exit_code; /* as of wait(2) */
};

#define STAT_EXITING 0x00000004U /* PF_EXITING */
#define STAT_KTHREAD 0x00200000U /* PF_KTHREAD */

/* stat_parse() - -EPROTO if a field is missing or not a number. */
int stat_parse(const char *text, struct stat_task *ret, struct err *err);

/* stat_read() - tid 0: the process. */
int stat_read(pid_t pid, pid_t tid, struct stat_task *ret, struct err *err);

#endif
