/* pending.c - signals that were sent and not yet taken
 *
 * Seen   PTRACE_PEEKSIGINFO, with and without PTRACE_PEEKSIGINFO_SHARED       Linux 3.10
 * Made   rt_sigqueueinfo(2), rt_tgsigqueueinfo(2) by the receiver itself: only then does the
 *        kernel take any si_code.
 *        The signal of a POSIX timer is left to its timer (ring.h).
 * Lost   nothing but a signal that the kernel itself could not queue (RLIMIT_SIGPENDING): of
 *        such a one only the bit is left, not the siginfo.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "engine/task/ring.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum { BATCH = 32 };

static int queue_add(struct arena *arena, SignalQueueEntry *queue, const siginfo_t *info)
{
	SiginfoEntry *e = arena_new_struct(arena, SiginfoEntry);
	SiginfoEntry **more =
		arena_grow(arena, queue->signals, queue->n_signals, sizeof(SiginfoEntry *));

	if (!e || !more)
		return -ENOMEM;
	siginfo_entry__init(e);
	e->siginfo.len = sizeof(*info);
	e->siginfo.data = arena_copy(arena, info, sizeof(*info));
	queue->signals = more;
	queue->signals[queue->n_signals++] = e;
	return e->siginfo.data ? 0 : -ENOMEM;
}

static int look_queue(struct task_seen *seen, uint32_t flags, SignalQueueEntry **ret,
		      struct err *err)
{
	struct arena *arena = seen->model->arena;
	SignalQueueEntry *queue = arena_new_struct(arena, SignalQueueEntry);
	siginfo_t info[BATCH];
	long n;

	if (!queue)
		return fail(err, -ENOMEM, "queue");
	signal_queue_entry__init(queue);
	do {
		struct __ptrace_peeksiginfo_args args = {
			.off = queue->n_signals, .flags = flags, .nr = BATCH};

		n = ptrace(PTRACE_PEEKSIGINFO, seen->thread->tid, &args, info);
		if (n < 0)
			return fail_errno(err, "PTRACE_PEEKSIGINFO");
		for (long i = 0; i < n; i++)
			if (queue_add(arena, queue, &info[i]) < 0)
				return fail(err, -ENOMEM, "queue");
	} while (n == BATCH);
	*ret = queue;
	return 0;
}

static int pending_look(struct task_seen *seen, struct err *err)
{
	CoreEntry *core = seen->thread->core;

	int r = look_queue(seen, 0, &core->thread_core->signals_p, err);
	if (r >= 0 && seen->thread == &seen->task->thread[0])
		r = look_queue(seen, PTRACE_PEEKSIGINFO_SHARED, &core->tc->signals_s, err);
	return r;
}

static int give_queue(struct task_given *given, const SignalQueueEntry *queue, pid_t tid,
		      struct err *err)
{
	siginfo_t info;

	for (size_t i = 0; queue && i < queue->n_signals; i++) {
		const ProtobufCBinaryData *data = &queue->signals[i]->siginfo;

		if (data->len != sizeof(info))
			return fail(err, -EPROTO, "siginfo of %zu bytes", data->len);
		memcpy(&info, data->data, sizeof(info));
		int r = task_give_room(given, 2, sizeof(info), err);
		if (r < 0)
			return r;
		if (ring_is_of(&info, given->task))
			continue;
		uint64_t at = calls_data(given->calls, &info, sizeof(info));
		if (tid)
			calls_add(given->calls, "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo,
				  (uint64_t)given->task->vpid, (uint64_t)tid,
				  (uint64_t)info.si_signo, at);
		else
			calls_add(given->calls, "rt_sigqueueinfo", SYS_rt_sigqueueinfo,
				  (uint64_t)given->task->vpid, (uint64_t)info.si_signo, at);
	}
	return 0;
}

static int pending_give(struct task_given *given, struct err *err)
{
	const CoreEntry *core = given->thread->core;

	int r = give_queue(given, core->thread_core->signals_p, given->thread->vtid, err);
	if (r >= 0 && given->thread == &given->task->thread[0])
		r = give_queue(given, core->tc->signals_s, 0, err);
	return r;
}

const struct task_room room_pending = {
	.name = "pending signals",
	.scope = EACH_THREAD,
	.look = pending_look,
	.give = pending_give,
};
