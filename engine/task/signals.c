/* signals.c - handlers, masks and alternate stacks
 *
 * Seen   rt_sigaction(2) and sigaltstack(2) from inside; the mask by PTRACE_GETSIGMASK, read
 *        when the thread stopped (struct thread: ours is set while we visit).
 * Made   the same, set; the mask is the last thing before the thread runs.
 * Lost   nothing.  Image: actions of signals 1 to 64 without SIGKILL and SIGSTOP, in order.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "engine/inject/tracee.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum { SIGNALS = 64, ACTIONS = SIGNALS - 2 };

struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

/* action_signal() - the signal of the i-th stored action */
static int action_signal(size_t i)
{
	int sig = (int)i + 1;

	sig += sig >= SIGKILL;
	sig += sig >= SIGSTOP;
	return sig;
}

static void actions_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, ACTIONS * sizeof(struct kernel_sigaction));
	for (size_t i = 0; i < ACTIONS; i++)
		calls_add(seen->calls, "rt_sigaction", SYS_rt_sigaction,
			  (uint64_t)action_signal(i), 0,
			  seen->note->at[0] + i * sizeof(struct kernel_sigaction), 8);
}

static int actions_answer(struct task_seen *seen, struct err *err)
{
	const struct kernel_sigaction *got = calls_at(seen->calls, seen->note->at[0]);
	TaskCoreEntry *tc = seen->thread->core->tc;
	SaEntry *e = arena_alloc(seen->model->arena, ACTIONS * sizeof(*e));

	tc->sigactions = arena_alloc(seen->model->arena, ACTIONS * sizeof(e));
	if (!e || !tc->sigactions)
		return fail(err, -ENOMEM, "handlers");
	for (size_t i = 0; i < ACTIONS; i++) {
		sa_entry__init(&e[i]);
		e[i].sigaction = got[i].handler;
		e[i].flags = got[i].flags;
		e[i].restorer = got[i].restorer;
		e[i].mask = got[i].mask;
		tc->sigactions[i] = &e[i];
	}
	tc->n_sigactions = ACTIONS;
	return 0;
}

static void signals_ask(struct task_seen *seen)
{
	seen->note->at[1] = calls_room(seen->calls, sizeof(stack_t));
	calls_add(seen->calls, "sigaltstack", SYS_sigaltstack, 0, seen->note->at[1]);
	if (seen->thread == &seen->task->thread[0])
		actions_ask(seen);
}

static int signals_answer(struct task_seen *seen, struct err *err)
{
	CoreEntry *core = seen->thread->core;
	const stack_t *ss = calls_at(seen->calls, seen->note->at[1]);
	ThreadSasEntry *sas = arena_new_struct(seen->model->arena, ThreadSasEntry);

	if (!sas)
		return fail(err, -ENOMEM, "alternate stack");
	thread_sas_entry__init(sas);
	sas->ss_sp = (uint64_t)(uintptr_t)ss->ss_sp;
	sas->ss_size = ss->ss_size;
	sas->ss_flags = (uint32_t)ss->ss_flags;
	core->thread_core->sas = sas;
	core->thread_core->has_blk_sigset = true;
	core->thread_core->blk_sigset = seen->thread->sigmask;
	if (seen->thread != &seen->task->thread[0])
		return 0;
	core->tc->blk_sigset = seen->thread->sigmask;
	return actions_answer(seen, err);
}

static void actions_give(struct task_given *given)
{
	const TaskCoreEntry *tc = given->thread->core->tc;

	for (size_t i = 0; i < tc->n_sigactions && i < ACTIONS; i++) {
		const SaEntry *e = tc->sigactions[i];
		struct kernel_sigaction sa = {e->sigaction, e->flags, e->restorer, e->mask};

		/* untouched ones are as a new process has them */
		if (sa.handler || sa.flags || sa.mask)
			calls_add(given->calls, "rt_sigaction", SYS_rt_sigaction,
				  (uint64_t)action_signal(i),
				  calls_data(given->calls, &sa, sizeof(sa)), 0, 8);
	}
}

static int signals_give(struct task_given *given, struct err *err)
{
	const ThreadSasEntry *sas = given->thread->core->thread_core->sas;

	(void)err;
	if (given->thread == &given->task->thread[0])
		actions_give(given);
	if (sas) {
		stack_t ss = {
			.ss_sp =
				(void *)(uintptr_t)sas->ss_sp, // NOLINT: an address of the task
			.ss_size = sas->ss_size,
			.ss_flags = (int)(sas->ss_flags & ~(uint32_t)SS_ONSTACK),
		};
		calls_add(given->calls, "sigaltstack", SYS_sigaltstack,
			  calls_data(given->calls, &ss, sizeof(ss)), 0);
	}
	return 0;
}

static int signals_impose(struct task_given *given, struct err *err)
{
	const ThreadCoreEntry *core = given->thread->core->thread_core;
	uint64_t mask = core->has_blk_sigset ? core->blk_sigset
					     : given->task->thread[0].core->tc->blk_sigset;

	given->thread->sigmask = mask;
	return tracee_set_sigmask(given->thread->tid, mask, err);
}

const struct task_room room_signals = {
	.name = "signals",
	.scope = EACH_THREAD,
	.ask = signals_ask,
	.answer = signals_answer,
	.give = signals_give,
	.impose = signals_impose,
};
