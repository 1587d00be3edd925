/* sched.c - how a thread is scheduled: policy, nice, affinity, I/O priority, timer slack
 *
 * Seen   sched_getattr(2), sched_getaffinity(2), ioprio_get(2), by thread id; the timer slack
 *        by prctl(PR_GET_TIMERSLACK) from inside.
 * Made   the same, set, from inside while it is still privileged.
 * Lost   nothing (the peer loses affinity, I/O priority and slack).
 */
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

/* struct sched_attr of linux/sched/types.h as Linux 3.14 has it; that header and sched.h of
 * libc do not go together */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int look_affinity(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	unsigned char mask[1024];

	long n = syscall(SYS_sched_getaffinity, seen->thread->tid, sizeof(mask), mask);
	if (n < 0)
		return fail_errno(err, "affinity");
	core->has_cpu_affinity = true;
	core->cpu_affinity.len = (size_t)n;
	core->cpu_affinity.data = arena_copy(seen->model->arena, mask, (size_t)n);
	return core->cpu_affinity.data ? 0 : fail(err, -ENOMEM, "affinity");
}

static int sched_look(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	struct attr attr = {.size = sizeof(attr)};

	if (syscall(SYS_sched_getattr, seen->thread->tid, &attr, sizeof(attr), 0) < 0)
		return fail_errno(err, "sched_getattr");
	long ioprio = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, seen->thread->tid);
	if (ioprio < 0)
		return fail_errno(err, "ioprio_get");
	core->has_sched_policy = core->has_sched_prio = core->has_sched_nice = true;
	core->sched_policy = attr.policy;
	core->sched_prio = attr.priority;
	core->sched_nice = attr.nice;
	core->has_sched_flags = true;
	core->sched_flags = attr.flags;
	core->has_sched_runtime_ns = core->has_sched_deadline_ns = core->has_sched_period_ns =
		attr.policy == SCHED_DEADLINE;
	core->sched_runtime_ns = attr.runtime;
	core->sched_deadline_ns = attr.deadline;
	core->sched_period_ns = attr.period;
	core->has_io_priority = true;
	core->io_priority = (uint32_t)ioprio;
	return look_affinity(seen, err);
}

static void sched_ask(struct task_seen *seen)
{
	seen->note->call[0] = calls_add(seen->calls, "prctl(PR_GET_TIMERSLACK)", SYS_prctl,
					PR_GET_TIMERSLACK);
}

static int sched_answer(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;

	(void)err;
	core->has_timerslack_ns = true;
	core->timerslack_ns = (uint64_t)calls_ret(seen->calls, seen->note->call[0]);
	return 0;
}

static int sched_give(struct task_given *given, struct err *err)
{
	const ThreadCoreEntry *core = given->thread->core->thread_core;
	struct attr attr = {
		.size = sizeof(attr),
		.policy = core->sched_policy,
		.priority = core->sched_prio,
		.nice = core->sched_nice,
		.flags = core->sched_flags & (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM |
					      SCHED_FLAG_DL_OVERRUN),
		.runtime = core->sched_runtime_ns,
		.deadline = core->sched_deadline_ns,
		.period = core->sched_period_ns,
	};

	(void)err;
	if (core->has_sched_policy)
		calls_add(given->calls, "sched_setattr", SYS_sched_setattr, 0,
			  calls_data(given->calls, &attr, sizeof(attr)), 0);
	if (core->has_cpu_affinity)
		calls_add(given->calls, "sched_setaffinity", SYS_sched_setaffinity, 0,
			  core->cpu_affinity.len,
			  calls_data(given->calls, core->cpu_affinity.data,
				     core->cpu_affinity.len));
	if (core->has_io_priority)
		calls_add(given->calls, "ioprio_set", SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			  core->io_priority);
	if (core->has_timerslack_ns)
		calls_add(given->calls, "prctl(PR_SET_TIMERSLACK)", SYS_prctl,
			  PR_SET_TIMERSLACK, core->timerslack_ns);
	return 0;
}

const struct task_room room_sched = {
	.name = "scheduling",
	.scope = EACH_THREAD,
	.look = sched_look,
	.ask = sched_ask,
	.answer = sched_answer,
	.give = sched_give,
};
