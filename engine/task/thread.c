/* thread.c - what a thread registered with the kernel: tid address, robust list, rseq; its name
 *
 * Seen   PR_GET_TID_ADDRESS (CONFIG_CHECKPOINT_RESTORE)                       Linux 3.5
 *        get_robust_list(2), of any thread we may trace
 *        PTRACE_GET_RSEQ_CONFIGURATION                                        Linux 5.13
 * Made   set_tid_address(2), set_robust_list(2), rseq(2), prctl(PR_SET_NAME)
 * Lost   nothing: a thread stopped inside an rseq critical section goes to its abort handler, as
 *        after any preemption (the kernel would have done it on the way back to it).
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inject/tracee.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

/* struct rseq_cs of linux/rseq.h; rseq_cs is the second word of struct rseq */
struct critical_section {
	uint32_t version, flags;
	uint64_t start, length, abort;
};

/* The pointer is the task's to choose: what it points to may be rubbish, and then the kernel
 * would kill the thread, not we. */
static void leave_critical_section(struct task_seen *seen, uint64_t rseq)
{
	struct user_regs_struct *regs = &seen->thread->regs;
	struct critical_section cs;
	struct err ignored = {};
	uint64_t at = 0;
	int mem = seen->task->plant->mem;

	if (tracee_read(mem, rseq + 8, &at, sizeof(at), &ignored) < 0 || !at)
		return;
	if (tracee_read(mem, at, &cs, sizeof(cs), &ignored) < 0)
		return;
	if (regs->rip - cs.start < cs.length)
		regs->rip = cs.abort;
}

static int look_rseq(struct task_seen *seen, struct err *err)
{
	struct __ptrace_rseq_configuration conf = {};
	RseqEntry *e = arena_new_struct(seen->model->arena, RseqEntry);

	if (!e)
		return fail(err, -ENOMEM, "rseq");
	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, seen->thread->tid, sizeof(conf), &conf) < 0)
		return fail_errno(err, "rseq");
	if (!conf.rseq_abi_pointer)
		return 0;
	leave_critical_section(seen, conf.rseq_abi_pointer);
	rseq_entry__init(e);
	e->rseq_abi_pointer = conf.rseq_abi_pointer;
	e->rseq_abi_size = conf.rseq_abi_size;
	e->signature = conf.signature;
	seen->thread->core->thread_core->rseq_entry = e;
	return 0;
}

static int thread_look(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	void *head = NULL;
	size_t len = 0;

	if (syscall(SYS_get_robust_list, seen->thread->tid, &head, &len) < 0)
		return fail_errno(err, "robust list");
	core->futex_rla = (uint64_t)(uintptr_t)head;
	core->futex_rla_len = (uint32_t)len;
	core->comm = arena_strdup(seen->model->arena, seen->status->name);
	if (!core->comm)
		return fail(err, -ENOMEM, "name");
	return look_rseq(seen, err);
}

static void thread_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, sizeof(uint64_t));
	calls_add(seen->calls, "prctl(PR_GET_TID_ADDRESS)", SYS_prctl, PR_GET_TID_ADDRESS,
		  seen->note->at[0]);
}

static int thread_answer(struct task_seen *seen, struct err *err)
{
	(void)err;
	seen->thread->core->thread_info->clear_tid_addr =
		*(const uint64_t *)calls_at(seen->calls, seen->note->at[0]);
	return 0;
}

/* A stopped thread is in no critical section (leave_critical_section()).  What an image has there
 * must not send a thread out of planted code, where it is privileged. */
static void forget_critical_section(const struct task_given *given, uint64_t rseq)
{
	const uint64_t none = 0;
	struct err ignored = {}; /* no such memory: then rseq(2) or the kernel later says so */

	tracee_write(given->task->plant->mem, rseq + 8, &none, sizeof(none), &ignored);
}

static int thread_give(struct task_given *given, struct err *err)
{
	const CoreEntry *core = given->thread->core;
	const RseqEntry *rseq = core->thread_core->rseq_entry;

	(void)err;
	calls_add(given->calls, "set_tid_address", SYS_set_tid_address,
		  core->thread_info->clear_tid_addr);
	if (core->thread_core->futex_rla_len)
		calls_add(given->calls, "set_robust_list", SYS_set_robust_list,
			  core->thread_core->futex_rla, core->thread_core->futex_rla_len);
	if (rseq)
		forget_critical_section(given, rseq->rseq_abi_pointer);
	if (rseq)
		calls_add(given->calls, "rseq", SYS_rseq, rseq->rseq_abi_pointer,
			  rseq->rseq_abi_size, 0, rseq->signature);
	const char *comm =
		core->thread_core->comm ? core->thread_core->comm : task_comm(given->task);
	uint64_t name = calls_data(given->calls, comm, strlen(comm) + 1);
	calls_add(given->calls, "prctl(PR_SET_NAME)", SYS_prctl, PR_SET_NAME, name);
	return 0;
}

const struct task_room room_thread = {
	.name = "thread",
	.scope = EACH_THREAD,
	.look = thread_look,
	.ask = thread_ask,
	.answer = thread_answer,
	.give = thread_give,
};
