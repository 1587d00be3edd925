/* refused.c - what a thread may have that ckrun does not carry, and says so
 *
 * Seen   PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG                              Linux 6.4
 *        PTRACE_GETREGSET NT_386_IOPERM: there only after ioperm(2) or iopl(2)
 *        get_mempolicy(2) from inside: the thread's own NUMA policy (of regions: mem/policy.c)
 *        PR_GET_SPECULATION_CTRL from inside; not of a thread with seccomp filters, for which
 *        some kernels set it by themselves, and do so again
 * Not seen  before Linux 6.4 system call user dispatch; Landlock domains, of which no interface
 *        tells: they are lost (README).
 */
#include <elf.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "engine/task/room.h"
#include "runtime/base/err.h"

enum { GET_DISPATCH = 0x4211 }; /* younger than our headers */

struct dispatch {
	uint64_t mode, selector, offset, len;
};

enum { IO_PORTS = 65536 / 8, SPECULATIONS = 3 }; /* store bypass, indirect branch, L1D flush */

static int refused_look(struct task_seen *seen, struct err *err)
{
	unsigned char ports[IO_PORTS];
	struct iovec io = {.iov_base = ports, .iov_len = sizeof(ports)};
	struct dispatch dispatch = {0};
	pid_t tid = seen->thread->tid;

	if (ptrace((enum __ptrace_request)GET_DISPATCH, tid, sizeof(dispatch), &dispatch) >=
		    0 &&
	    dispatch.mode)
		return refuse(err,
			      "it has system calls dispatched to itself "
			      "(PR_SET_SYSCALL_USER_DISPATCH), which cannot be carried yet");
	if (ptrace(PTRACE_GETREGSET, tid, NT_386_IOPERM, &io) >= 0 && io.iov_len)
		return refuse(err,
			      "it may use I/O ports (ioperm), which cannot be carried yet");
	return 0;
}

static void refused_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, sizeof(int));
	/* ENOSYS where the kernel knows no NUMA */
	seen->note->call[0] = calls_add(seen->calls, "get_mempolicy", SYS_get_mempolicy,
					seen->note->at[0], 0, 0, 0, 0);
	calls_may_fail(seen->calls, seen->note->call[0]);
	for (uint64_t which = 0; which < SPECULATIONS; which++) {
		unsigned int call =
			calls_add(seen->calls, "prctl(PR_GET_SPECULATION_CTRL)", SYS_prctl,
				  PR_GET_SPECULATION_CTRL, which, 0, 0, 0);
		calls_may_fail(seen->calls, call);
		seen->note->call[1 + which] = call;
	}
}

static bool has_set_speculation(const struct task_seen *seen)
{
	for (int which = 0; which < SPECULATIONS; which++) {
		int64_t got = calls_ret(seen->calls, seen->note->call[1 + which]);

		/* the flush is off unless a thread wants it; the others are on */
		uint64_t off = PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE | PR_SPEC_DISABLE_NOEXEC;
		uint64_t chosen = which == PR_SPEC_L1D_FLUSH ? PR_SPEC_ENABLE : off;
		if (got > 0 && (uint64_t)got & PR_SPEC_PRCTL && (uint64_t)got & chosen)
			return true;
	}
	return false;
}

static int refused_answer(struct task_seen *seen, struct err *err)
{
	const ThreadCoreEntry *core = seen->thread->core->thread_core;

	if (core->seccomp_mode != SECCOMP_MODE__filter && has_set_speculation(seen))
		return refuse(err,
			      "it controls speculation of the CPU (PR_SET_SPECULATION_CTRL), "
			      "which cannot be carried yet");
	if (calls_ret(seen->calls, seen->note->call[0]) < 0 ||
	    *(const int *)calls_at(seen->calls, seen->note->at[0]) == MPOL_DEFAULT)
		return 0;
	return refuse(err, "it has a NUMA policy of its own (set_mempolicy), which cannot be "
			   "carried yet");
}

const struct task_room room_refused = {
	.name = "refused",
	.scope = EACH_THREAD,
	.look = refused_look,
	.ask = refused_ask,
	.answer = refused_answer,
};
