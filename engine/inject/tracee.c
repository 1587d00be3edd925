#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/inject/tracee.h"
#include "runtime/base/err.h"

int tracee_seize(pid_t tid, enum on_exit on_exit, struct err *err)
{
	/* children made by planted calls are ours from their first instruction */
	unsigned long opt = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_SUSPEND_SECCOMP;

	if (on_exit == TASKS_DIE_WITH_US)
		opt |= PTRACE_O_EXITKILL;
	if (ptrace(PTRACE_SEIZE, tid, 0, opt) < 0)
		return fail_errno(err, "seize thread %d", tid);
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return fail_errno(err, "interrupt thread %d", tid);
	return 0;
}

static bool is_past(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec ||
	       (now.tv_sec == end->tv_sec && now.tv_nsec > end->tv_nsec);
}

/* wait_status() - a blocking wait cannot time out without a signal of ours, so poll: at
 * once at first (most stops are there already), then with growing pauses. */
static int wait_status(pid_t tid, int timeout_ms, int *ret, struct err *err)
{
	struct timespec end, nap = {.tv_nsec = 10000};

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	for (;;) {
		pid_t got = waitpid(tid, ret, __WALL | WNOHANG);

		if (got < 0)
			return fail_errno(err, "wait for thread %d", tid);
		if (got == tid)
			return 0;
		if (is_past(&end))
			return fail(err, -ETIMEDOUT, "thread %d does not stop", tid);
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 1000000)
			nap.tv_nsec *= 2;
	}
}

int tracee_wait(pid_t tid, int timeout_ms, int *ret_stopsig, struct err *err)
{
	int status;

	for (;;) {
		int r = wait_status(tid, timeout_ms, &status, err);
		if (r < 0)
			return r;
		if (!WIFSTOPPED(status))
			return fail(err, -ESRCH, "thread %d ended", tid);
		if (status >> 16 == PTRACE_EVENT_STOP)
			break;
		/* a signal was on its way before our stop: let it be delivered */
		if (ptrace(PTRACE_CONT, tid, 0, status >> 16 ? 0 : WSTOPSIG(status)) < 0)
			return fail_errno(err, "continue thread %d", tid);
	}
	*ret_stopsig = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
	return 0;
}

/* A thread that the freezer takes or lets go at this very moment is not stopped for an instant. */
void tracee_detach(pid_t tid)
{
	for (int tries = 0; tries < 10000; tries++) {
		if (ptrace(PTRACE_DETACH, tid, 0, 0) == 0 || errno != ESRCH || kill(tid, 0) < 0)
			return;
		sched_yield();
	}
}

int tracee_rest(pid_t tid, struct err *err)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 || ptrace(PTRACE_CONT, tid, 0, 0) < 0)
		return fail_errno(err, "interrupt thread %d", tid);
	do {
		if (waitpid(tid, &status, __WALL) < 0)
			return fail_errno(err, "wait for thread %d", tid);
		if (!WIFSTOPPED(status))
			return fail(err, -ESRCH, "thread %d was killed", tid);
	} while (status >> 16 != PTRACE_EVENT_STOP);
	return 0;
}

/* go_until_stopped() - the SIGSTOP that arrives as a signal is given to it, and stops it */
static int go_until_stopped(pid_t tid, struct err *err)
{
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_CONT, tid, 0, sig) < 0)
			return fail_errno(err, "continue thread %d", tid);
		if (waitpid(tid, &status, __WALL) < 0)
			return fail_errno(err, "wait for thread %d", tid);
		if (!WIFSTOPPED(status))
			return fail(err, -ESRCH, "thread %d was killed", tid);
		if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGSTOP)
			return 0;
		sig = status >> 16 ? 0 : WSTOPSIG(status);
	}
}

int tracee_stop(const pid_t *tid, size_t n, struct err *err)
{
	if (syscall(SYS_tgkill, tid[0], tid[0], SIGSTOP) < 0)
		return fail_errno(err, "stop process %d", tid[0]);
	for (size_t i = 0; i < n; i++) {
		int r = go_until_stopped(tid[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* has_ended() - or is none of ours any more */
static bool has_ended(pid_t tid)
{
	int status;
	pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

	return got < 0 || (got == tid && !WIFSTOPPED(status));
}

void tracee_bury(pid_t *tid, size_t n, int timeout_ms)
{
	struct timespec end, nap = {.tv_nsec = 50000};
	size_t left = n;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	for (;;) {
		for (size_t i = 0; i < n; i++)
			if (tid[i] && has_ended(tid[i])) {
				tid[i] = 0;
				left--;
			}
		if (!left || is_past(&end))
			return;
		nanosleep(&nap, NULL);
	}
}

int tracee_regs(pid_t tid, struct user_regs_struct *ret, struct err *err)
{
	if (ptrace(PTRACE_GETREGS, tid, 0, ret) < 0)
		return fail_errno(err, "registers of thread %d", tid);
	return 0;
}

int tracee_set_regs(pid_t tid, const struct user_regs_struct *regs, struct err *err)
{
	if (ptrace(PTRACE_SETREGS, tid, 0, regs) < 0)
		return fail_errno(err, "set registers of thread %d", tid);
	return 0;
}

int tracee_sigmask(pid_t tid, uint64_t *ret, struct err *err)
{
	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(*ret), ret) < 0)
		return fail_errno(err, "signal mask of thread %d", tid);
	return 0;
}

int tracee_set_sigmask(pid_t tid, uint64_t mask, struct err *err)
{
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) < 0)
		return fail_errno(err, "set signal mask of thread %d", tid);
	return 0;
}

static int go_on(pid_t tid, enum step step, struct err *err)
{
	if (ptrace(step == UNTIL_STOP ? PTRACE_CONT : PTRACE_SINGLESTEP, tid, 0, 0) < 0)
		return fail_errno(err, "continue thread %d", tid);
	return 0;
}

static bool made_a_task(int status)
{
	int event = status >> 16;

	return event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
	       event == PTRACE_EVENT_VFORK;
}

int tracee_run(pid_t tid, enum step step, pid_t *ret_child, struct err *err)
{
	unsigned long child;
	int status;

	for (;;) {
		int r = go_on(tid, step, err);
		if (r < 0)
			return r;
		if (waitpid(tid, &status, __WALL) < 0)
			return fail_errno(err, "wait for thread %d", tid);
		if (!WIFSTOPPED(status))
			return fail(err, -ESRCH, "thread %d was killed", tid);
		if (!(status >> 16) &&
		    WSTOPSIG(status) == (step == UNTIL_STOP ? SIGSTOP : SIGTRAP))
			return 0;
		if (!(status >> 16) && WSTOPSIG(status) != SIGSTOP)
			return fail(err, -EFAULT, "thread %d got signal %d in planted code",
				    tid, WSTOPSIG(status));
		if (made_a_task(status) && ret_child &&
		    !ptrace(PTRACE_GETEVENTMSG, tid, 0, &child))
			*ret_child = (pid_t)child;
	}
}

int tracee_read(int mem, uint64_t addr, void *data, size_t size, struct err *err)
{
	ssize_t n = pread(mem, data, size, (off_t)addr);

	if (n < 0)
		return fail_errno(err, "read %zu bytes at %#lx", size, addr);
	if ((size_t)n != size)
		return fail(err, -EFAULT, "read %zu bytes at %#lx: only %zd", size, addr, n);
	return 0;
}

int tracee_write(int mem, uint64_t addr, const void *data, size_t size, struct err *err)
{
	ssize_t n = pwrite(mem, data, size, (off_t)addr);

	if (n < 0)
		return fail_errno(err, "write %zu bytes at %#lx", size, addr);
	if ((size_t)n != size)
		return fail(err, -EFAULT, "write %zu bytes at %#lx: only %zd", size, addr, n);
	return 0;
}
