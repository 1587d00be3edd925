/* check.c - the end of the phase load: what an image says of tasks that no kernel could have said
 *
 * What the readers and load.c make sure of: required fields, ids that name something.  What the
 * kernel refuses by itself when it is asked for (limits, timers, marks of memory) is left to it.
 */
#include <errno.h>
#include <signal.h>

#include "engine/mem/check.h"
#include "engine/model/model.h"
#include "engine/restore/restore.h"
#include "runtime/base/err.h"

enum { SIGNALS = 64 };

/* A zombie ends by an exit status or by a signal, and is somebody's child: the parent of a root
 * is outside, where nobody waits for what it left. */
static int check_zombie(const struct task *task, struct err *err)
{
	uint32_t sig = task->thread[0].core->tc->exit_code & 0x7f;

	if (!task->parent)
		return fail(err, -EPROTO, "it has ended, and no task is its parent");
	if (task->n_threads != 1)
		return fail(err, -EPROTO, "it has ended, but has %zu threads", task->n_threads);
	if (sig > SIGNALS || sig == SIGSTOP || sig == SIGCONT)
		return fail(err, -EPROTO, "it ended by signal %u, which ends nobody", sig);
	return 0;
}

static int check_exit_signal(const struct task *task, struct err *err)
{
	const TaskCoreEntry *tc = task->thread[0].core->tc;

	if (tc->has_exit_signal && tc->exit_signal > SIGNALS)
		return fail(err, -EPROTO, "its parent is told of its end by signal %u",
			    tc->exit_signal);
	return 0;
}

static int check_task(const struct task *task, struct err *err)
{
	if (task->parent && task->parent->state == TASK_ZOMBIE)
		return fail(err, -EPROTO, "its parent, task %d, has ended", task->parent->vpid);
	int r = check_exit_signal(task, err);
	if (r < 0)
		return r;
	if (task->state == TASK_ZOMBIE)
		return check_zombie(task, err);
	return task->mm ? mem_check(task->mm, err) : 0;
}

int restore_check(const struct model *model, struct err *err)
{
	if (!model->n_tasks)
		return fail(err, -EPROTO, "pstree.img is empty");
	for (size_t i = 0; i < model->n_tasks; i++)
		if (check_task(model->task[i], err) < 0)
			return fail_in(err, "%s", model_task_name(model, model->task[i]));
	return 0;
}
