#include <errno.h>
#include <stdbool.h>

#include "engine/model/model.h"
#include "engine/restore/plan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

struct planning {
	const struct model *model;
	struct arena *arena;
	struct plan plan;
	enum outer_session outer;
};

enum { ANY = 0 };

static int add(struct planning *p, enum plan_action action, struct task *task, pid_t id,
	       struct err *err)
{
	struct plan_step *more =
		arena_grow(p->arena, p->plan.step, p->plan.n, sizeof(*p->plan.step));

	if (!more)
		return fail(err, -ENOMEM, "plan");
	p->plan.step = more;
	p->plan.step[p->plan.n++] = (struct plan_step){action, task, id};
	return 0;
}

static bool leads_session(const struct task *task)
{
	return task->vsid == task->vpid;
}

/* birth_session() - the session that the task must be born into, or ANY */
static pid_t birth_session(const struct model *model, const struct task *task)
{
	if (!leads_session(task))
		return task->vsid;
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *child = model->task[i];

		if (child->parent != task)
			continue;
		pid_t session = birth_session(model, child);
		if (session != ANY && session != task->vsid)
			return session;
	}
	return ANY;
}

static int grow_task(struct planning *p, struct task *task, pid_t inherited, struct err *err);

/* Children whose birth session is (early) or is not the one before the task makes its own. */
static int fork_children(struct planning *p, struct task *task, pid_t session, bool early,
			 struct err *err)
{
	for (size_t i = 0; i < p->model->n_tasks; i++) {
		struct task *child = p->model->task[i];

		if (child->parent != task)
			continue;
		pid_t wanted = birth_session(p->model, child);
		if (early != (wanted != ANY && wanted != task->vsid))
			continue;
		int r = add(p, PLAN_FORK, child, 0, err);
		if (r >= 0)
			r = grow_task(p, child, session, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int grow_task(struct planning *p, struct task *task, pid_t inherited, struct err *err)
{
	int r = 0;

	if (!leads_session(task) && task->vsid != inherited)
		return refuse(
			err,
			"%s: its session %d has lost its leader, which cannot be carried yet",
			model_task_name(p->model, task), task->vsid);
	if (leads_session(task)) {
		r = fork_children(p, task, inherited, true, err);
		if (r >= 0)
			r = add(p, PLAN_SESSION, task, 0, err);
	}
	if (r >= 0)
		r = fork_children(p, task, task->vsid, false, err);
	if (r >= 0 && task->n_threads > 1)
		r = add(p, PLAN_THREADS, task, 0, err);
	return r;
}

/* A root that ckrun itself makes: 0 is the session outside. */
static int seed(struct planning *p, struct task *task, struct err *err)
{
	if (task->vsid == 0 && p->outer == OUTER_REFUSED)
		return refuse(err, "%s: its session is outside the container; use --shell-job",
			      model_task_name(p->model, task));
	int r = add(p, PLAN_SEED, task, 0, err);
	return r < 0 ? r : grow_task(p, task, 0, err);
}

static bool joins_group(const struct task *task)
{
	return !leads_session(task) && task->vpgid != 0;
}

static bool leads_group_here(const struct model *model, pid_t pgid)
{
	return model_task(model, pgid) != NULL;
}

static int lend_leader(struct planning *p, struct task *member, struct err *err)
{
	int r = add(p, PLAN_LEND, member, member->vpgid, err);

	for (size_t i = 0; i < p->model->n_tasks && r >= 0; i++)
		if (p->model->task[i]->vpgid == member->vpgid)
			r = add(p, PLAN_GROUP, p->model->task[i], member->vpgid, err);
	return r < 0 ? r : add(p, PLAN_DROP, member, member->vpgid, err);
}

static bool is_first_of_group(const struct model *model, const struct task *task)
{
	for (size_t i = 0; model->task[i] != task; i++)
		if (model->task[i]->vpgid == task->vpgid)
			return false;
	return true;
}

/* Leaders make their groups before others join them. */
static int join_groups(struct planning *p, struct err *err)
{
	const struct model *model = p->model;
	int r = 0;

	for (size_t i = 0; i < model->n_tasks && r >= 0; i++)
		if (joins_group(model->task[i]) &&
		    model->task[i]->vpgid == model->task[i]->vpid)
			r = add(p, PLAN_GROUP, model->task[i], model->task[i]->vpgid, err);
	for (size_t i = 0; i < model->n_tasks && r >= 0; i++) {
		struct task *task = model->task[i];

		if (!joins_group(task) || task->vpgid == task->vpid)
			continue;
		if (leads_group_here(model, task->vpgid))
			r = add(p, PLAN_GROUP, task, task->vpgid, err);
		else if (is_first_of_group(model, task))
			r = lend_leader(p, task, err);
	}
	return r;
}

static int end_zombies(struct planning *p, struct err *err)
{
	int r = 0;

	/* children before parents: who ends first is nobody's parent */
	for (size_t i = p->model->n_tasks; i-- > 0 && r >= 0;)
		if (p->model->task[i]->state == TASK_ZOMBIE)
			r = add(p, PLAN_END, p->model->task[i], 0, err);
	return r;
}

int plan_build(const struct model *model, struct arena *arena, enum outer_session outer,
	       struct plan *ret, struct err *err)
{
	struct planning p = {.model = model, .arena = arena, .outer = outer};
	int r = 0;

	for (size_t i = 0; i < model->n_tasks && r >= 0; i++)
		if (!model->task[i]->parent)
			r = seed(&p, model->task[i], err);
	if (r >= 0)
		r = join_groups(&p, err);
	if (r >= 0)
		r = end_zombies(&p, err);
	if (r >= 0)
		*ret = p.plan;
	return r;
}
