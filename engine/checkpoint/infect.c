/* infect.c - phase infect: what only the tasks themselves can tell
 *
 * A thread that was visited stays in planted code, with its signals blocked, until it is cured:
 * if ckrun is killed meanwhile it waits there, and does not run its own code with our mask.
 */
#include "engine/checkpoint/checkpoint.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/task/room.h"
#include "runtime/base/err.h"

static int ask_thread(struct checkpoint *c, struct task *task, struct thread *thread,
		      struct err *err)
{
	struct task_seen seen = {
		.model = &c->model,
		.task = task,
		.thread = thread,
		.calls = c->calls,
		.seccomp = &c->seccomp,
	};

	int r = tracee_set_sigmask(thread->tid, UINT64_MAX, err);
	if (r >= 0 && !task->plant->at)
		r = plant_put(task->plant, thread->tid, 0, err);
	return r < 0 ? r : task_ask(&seen, err);
}

static int infect_task(struct checkpoint *c, struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++)
		if (ask_thread(c, task, &task->thread[i], err) < 0)
			return fail_in(err, "thread %d", task->thread[i].vtid);
	return mem_ask_policies(task, c->calls, err);
}

int checkpoint_infect(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	for (; c->infected < c->model.n_tasks; c->infected++) {
		struct task *task = c->model.task[c->infected];

		if (task->state == TASK_ZOMBIE)
			continue;
		if (infect_task(c, task, err) < 0) {
			c->infected++;
			checkpoint_cure(c, FATE_RUN);
			return fail_in(err, "%s", model_task_name(&c->model, task));
		}
	}
	return 0;
}

/* The leader last: it takes the planted code out, its signals still blocked. */
static void cure_task(const struct task *task)
{
	struct err ignored = {};

	for (size_t i = task->n_threads; i-- > 0;) {
		const struct thread *thread = &task->thread[i];

		tracee_set_regs(thread->tid, &thread->regs, &ignored);
		if (!i)
			plant_remove(task->plant, thread->tid, &ignored);
		tracee_rest(thread->tid, &ignored);
		tracee_set_sigmask(thread->tid, thread->sigmask, &ignored);
	}
}

void checkpoint_cure(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;

	for (size_t i = 0; i < c->infected && fate == FATE_RUN; i++)
		if (c->model.task[i]->state != TASK_ZOMBIE)
			cure_task(c->model.task[i]);
	c->infected = 0;
}
