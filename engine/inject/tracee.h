/* tracee.h - one thread stopped under our ptrace(2)
 *
 * Kernel: ptrace(2).  PTRACE_SEIZE since 3.4, PTRACE_O_SUSPEND_SECCOMP since 4.3 (needs
 * CAP_SYS_ADMIN), so that a filter of the task's does not judge the calls we make in it.
 *
 * All of it must be called by the one thread that seized.
 */
#ifndef CKRUN_INJECT_TRACEE_H
#define CKRUN_INJECT_TRACEE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct err;

enum on_exit { TASKS_SURVIVE_US, TASKS_DIE_WITH_US };

/* tracee_seize() - attach and ask for a stop; does not wait for it, so that many threads
 * stop at once (and a thread frozen by cgroup v1 stops when it is thawed).
 * -ESRCH: it is gone.  -EPERM: somebody else traces it, or we may not. */
int tracee_seize(pid_t tid, enum on_exit on_exit, struct err *err);

/* tracee_wait() - until it stands still.  *ret_stopsig: 0, or the job-control signal that
 * had stopped it before we came.  Gives up after timeout_ms with -ETIMEDOUT. */
int tracee_wait(pid_t tid, int timeout_ms, int *ret_stopsig, struct err *err);

/* tracee_rest() - from the stop that a run ended in to one that carries no signal: where a run
 * ends there is a SIGTRAP or SIGSTOP, which would be delivered if we were killed. */
int tracee_rest(pid_t tid, struct err *err);

/* tracee_detach() - let it go on from where its registers say. Silent if it is dead. */
void tracee_detach(pid_t tid);

/* tracee_stop() - stop the whole process as SIGSTOP does, and tell its parent; each of its threads
 * is traced by us and stands.  They can be visited as before; let go, they stay stopped. */
int tracee_stop(const pid_t *tid, size_t n, struct err *err);

/* tracee_bury() - wait until threads that were killed have ended; a tracer is told first, and
 * only then their parents.  In no order: the first process of a pid namespace ends last, its
 * other threads must be seen to have ended before.  Entries become 0 as they end.  Gives up
 * after timeout_ms. */
void tracee_bury(pid_t *tid, size_t n, int timeout_ms);

int tracee_regs(pid_t tid, struct user_regs_struct *ret, struct err *err);
int tracee_set_regs(pid_t tid, const struct user_regs_struct *regs, struct err *err);

/* The kernel's sigset_t: 64 bits, bit 0 is signal 1. */
int tracee_sigmask(pid_t tid, uint64_t *ret, struct err *err);
int tracee_set_sigmask(pid_t tid, uint64_t mask, struct err *err);

/* tracee_run() - until it stops itself (SIGSTOP), or for one instruction. Its signals must be blocked.
 * *ret_child (may be NULL): the last task it made on the way, as our pid namespace names
 * it, stopping before its first instruction and traced by us; tracee_wait() for it. */
enum step { UNTIL_STOP, ONE_INSTRUCTION };
int tracee_run(pid_t tid, enum step step, pid_t *ret_child, struct err *err);

/* tracee_read(), tracee_write() - its memory through /proc/TID/mem: protections of its
 * regions do not matter.  mem is an open descriptor of that file. */
int tracee_read(int mem, uint64_t addr, void *data, size_t size, struct err *err);
int tracee_write(int mem, uint64_t addr, const void *data, size_t size, struct err *err);

#endif
