/* status.h - /proc/PID/status and /proc/PID/task/TID/status: identity, signals, credentials
 *
 * Kernel  fs/proc/array.c proc_pid_status(), proc_pid_status(5)              since
 *           NStgid NSpid NSpgid NSsid  one number a pid namespace, from that
 *                                      of /proc down to the task's own       Linux 4.1
 *           CapAmb                                                           Linux 4.3
 *           Umask        absent of a zombie                                  Linux 4.7
 *           NoNewPrivs                                                       Linux 4.10
 *           THP_enabled  0: prctl(PR_SET_THP_DISABLE); absent of a zombie    Linux 5.0
 *           Seccomp_filters                                                  Linux 5.9
 *           untag_mask   absent of a zombie                                  Linux 6.4
 *           x86_Thread_features (shstk, wrss)                                Linux 6.6
 *         Lines may be added: unknown ones are skipped.
 * Per thread  all but Tgid, FDSize, ShdPnd, SigIgn, SigCgt, SigQ, Threads.
 * Numbers  uids and gids are those of the user namespace that opened the file; 65534 may mean
 *          that an id is not mapped there.  Signal n is bit n - 1.
 */
#ifndef CKRUN_KERNEL_STATUS_H
#define CKRUN_KERNEL_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct status_ids {
	uint32_t n;
	uint32_t *id;
};

struct status_cpus {
	uint32_t n;     /* words */
	uint32_t *word; /* CPU i is bit i % 32 of word i / 32 */
};

enum status_feature { STATUS_SHSTK = 1, STATUS_WRSS = 2 };

struct status_task {
	char *name; /* escapes of newline and backslash undone */
	uint32_t umask;
	char state;
	pid_t tgid, pid, ppid, tracer;
	uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
	uint32_t fd_size; /* slots of the descriptor table: an upper bound of descriptors */
	struct status_ids groups;
	struct status_ids ns_tgid, ns_pid, ns_pgid,
		ns_sid; /* the last is the task's own view */
	uint32_t threads;
	uint64_t sig_queued, sig_limit;
	uint64_t sig_pending, shared_pending, sig_blocked, sig_ignored, sig_caught;
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	uint32_t no_new_privs, seccomp, seccomp_filters; /* seccomp: 0, 1 strict, 2 filter */
	uint32_t thp_enabled;
	uint64_t untag_mask;
	uint32_t features; /* enum status_feature */
	struct status_cpus cpus_allowed;
	bool has_mm; /* the kernel printed VmSize: not a zombie, not a kernel thread */
};

/* status_parse() - -EPROTO if a line that every supported kernel prints is missing or a value is
 * malformed; -ENOMEM.  Lists come from the arena. */
int status_parse(const char *text, struct arena *arena, struct status_task *ret,
		 struct err *err);

/* status_read() - tid 0: the process, that is its first thread. */
int status_read(pid_t pid, pid_t tid, struct arena *arena, struct status_task *ret,
		struct err *err);

#endif
