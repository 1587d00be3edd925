/* children.c - which stops of its children the process was told of
 *
 * Seen   waitid(2) with WSTOPPED, WNOHANG and WNOWAIT from inside the parent: it returns a child
 *        whose stop was not reported yet.  That the child is traced hides nothing.
 * Made   the child is stopped again while it is traced (restore/become), which the kernel reports;
 *        a parent that knew is asked to take that report in its last visit.
 * Lost   which of the four stop signals it was, while the parent does not know yet.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "engine/task/room.h"
#include "runtime/base/err.h"

static bool is_stopped_child(const struct task *child, const struct task *parent)
{
	return child->parent == parent && child->state == TASK_STOPPED;
}

static void children_ask(struct task_seen *seen)
{
	const struct model *model = seen->model;
	size_t n = 0;

	for (size_t i = 0; i < model->n_tasks; i++)
		n += is_stopped_child(model->task[i], seen->task);
	seen->note->at[0] = calls_room(seen->calls, n * sizeof(siginfo_t));
	n = 0;
	for (size_t i = 0; i < model->n_tasks; i++)
		if (is_stopped_child(model->task[i], seen->task))
			calls_add(seen->calls, "waitid", SYS_waitid, P_PID,
				  (uint64_t)model->task[i]->vpid,
				  seen->note->at[0] + n++ * sizeof(siginfo_t),
				  WSTOPPED | WNOHANG | WNOWAIT, 0);
}

static int children_answer(struct task_seen *seen, struct err *err)
{
	const struct model *model = seen->model;
	const siginfo_t *info = calls_at(seen->calls, seen->note->at[0]);

	(void)err;
	for (size_t i = 0; i < model->n_tasks; i++) {
		if (!is_stopped_child(model->task[i], seen->task))
			continue;
		TaskCoreEntry *tc = model->task[i]->thread[0].core->tc;

		tc->has_stop_reported = true;
		tc->stop_reported = info++->si_pid == 0;
	}
	return 0;
}

static int children_give(struct task_given *given, struct err *err)
{
	const struct model *model = given->model;

	(void)err;
	for (size_t i = 0; i < model->n_tasks; i++)
		if (is_stopped_child(model->task[i], given->task) &&
		    model->task[i]->thread[0].core->tc->stop_reported)
			calls_add(given->calls, "waitid", SYS_waitid, P_PID,
				  (uint64_t)model->task[i]->vpid, 0, WSTOPPED | WNOHANG, 0);
	return 0;
}

const struct task_room room_children = {
	.name = "children",
	.scope = EACH_PROCESS,
	.ask = children_ask,
	.answer = children_answer,
	.give = children_give,
};
