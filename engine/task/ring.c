#include <string.h>

#include "engine/task/ring.h"

static bool has_timer(const struct task *task, uint32_t id)
{
	const TaskTimersEntry *all = task->thread[0].core->tc->timers;

	for (size_t i = 0; all && i < all->n_posix; i++)
		if (all->posix[i]->it_id == id)
			return true;
	return false;
}

bool ring_is_of(const siginfo_t *info, const struct task *task)
{
	return info->si_code == SI_TIMER && has_timer(task, (uint32_t)info->si_timerid);
}

static bool holds(const SignalQueueEntry *queue, uint32_t id)
{
	siginfo_t info;

	for (size_t i = 0; queue && i < queue->n_signals; i++) {
		const ProtobufCBinaryData *data = &queue->signals[i]->siginfo;

		if (data->len != sizeof(info))
			continue;
		memcpy(&info, data->data, sizeof(info));
		if (info.si_code == SI_TIMER && (uint32_t)info.si_timerid == id)
			return true;
	}
	return false;
}

bool ring_is_pending(const struct task *task, uint32_t id)
{
	if (holds(task->thread[0].core->tc->signals_s, id))
		return true;
	for (size_t i = 0; i < task->n_threads; i++)
		if (holds(task->thread[i].core->thread_core->signals_p, id))
			return true;
	return false;
}
