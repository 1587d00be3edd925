/* infect.c - phase infect: what only the tasks themselves can tell */
#include "engine/checkpoint/checkpoint.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/task/room.h"
#include "runtime/base/err.h"

static int ask_threads(struct checkpoint *c, struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		struct task_seen seen = {
			.model = &c->model,
			.task = task,
			.thread = &task->thread[i],
			.calls = c->calls,
			.seccomp = &c->seccomp,
		};
		if (task_ask(&seen, err) < 0)
			return fail_in(err, "thread %d", task->thread[i].vtid);
	}
	return 0;
}

static int infect_task(struct checkpoint *c, struct task *task, struct err *err)
{
	int r = plant_put(task->plant, task->pid, 0, err);

	return r < 0 ? r : ask_threads(c, task, err);
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

static void cure_task(const struct task *task)
{
	struct err ignored = {};

	for (size_t i = 0; i < task->n_threads; i++)
		tracee_set_regs(task->thread[i].tid, &task->thread[i].regs, &ignored);
	plant_remove(task->plant, task->pid, &ignored);
}

void checkpoint_cure(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;

	for (size_t i = 0; i < c->infected && fate == FATE_RUN; i++)
		if (c->model.task[i]->state != TASK_ZOMBIE)
			cure_task(c->model.task[i]);
	c->infected = 0;
}
