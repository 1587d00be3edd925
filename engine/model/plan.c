#include <errno.h>
#include <stdbool.h>

#include "engine/model/model.h"
#include "engine/model/planning.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int plan_add(struct planning *p, struct plan_step step, struct err *err)
{
	struct plan_step *more =
		arena_grow(p->arena, p->plan.step, p->plan.n, sizeof(*p->plan.step));

	if (!more)
		return fail(err, -ENOMEM, "plan");
	p->plan.step = more;
	p->plan.step[p->plan.n++] = step;
	return 0;
}

static int add(struct planning *p, enum plan_action action, struct task *task, pid_t id,
	       struct err *err)
{
	return plan_add(p, (struct plan_step){.action = action, .task = task, .id = id}, err);
}

/* birth_session() - the session that the task must be born into, or ANY_SESSION.  Children of a
 * subreaper tell nothing: they may have been left to it. */
static pid_t birth_session(const struct model *model, const struct task *task)
{
	if (!leads_session(task))
		return task->vsid;
	if (task->thread[0].core->tc->child_subreaper)
		return ANY_SESSION;
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *child = model->task[i];

		if (child->parent != task)
			continue;
		pid_t session = birth_session(model, child);
		if (session != ANY_SESSION && session != task->vsid)
			return session;
	}
	return ANY_SESSION;
}

static int add_stray(struct planning *p, struct task *task, pid_t session, struct err *err)
{
	struct stray *more = arena_grow(p->arena, p->stray, p->n_strays, sizeof(*p->stray));

	if (!more)
		return fail(err, -ENOMEM, "plan");
	p->stray = more;
	p->stray[p->n_strays++] = (struct stray){task, session};
	return 0;
}

enum when { BEFORE_SESSION, AFTER_SESSION };

/* A child is born when its parent has the session that it wants; those which want neither the
 * older nor the newer one are strays. */
static int fork_children(struct planning *p, struct task *task, pid_t inherited, enum when when,
			 struct err *err)
{
	pid_t session = when == BEFORE_SESSION ? inherited : task->vsid;

	for (size_t i = 0; i < p->model->n_tasks; i++) {
		struct task *child = p->model->task[i];
		int r = 0;

		if (child->parent != task)
			continue;
		pid_t wanted = birth_session(p->model, child);
		bool older = wanted != ANY_SESSION && wanted != task->vsid;
		if (older == (when == BEFORE_SESSION) && (!older || wanted == inherited)) {
			r = plan_fork(p, child, err);
			if (r >= 0)
				r = plan_grow(p, child, session, err);
		} else if (when == AFTER_SESSION && older &&
			   (wanted != inherited || !leads_session(task))) {
			r = add_stray(p, child, wanted, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int plan_grow(struct planning *p, struct task *task, pid_t inherited, struct err *err)
{
	int r = 0;

	if (leads_session(task)) {
		r = fork_children(p, task, inherited, BEFORE_SESSION, err);
		if (r >= 0)
			r = add(p, PLAN_SESSION, task, 0, err);
	}
	if (r >= 0)
		r = fork_children(p, task, inherited, AFTER_SESSION, err);
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
	if (task->vsid != 0 && !leads_session(task))
		return refuse(err,
			      "%s: its parent is outside the container, but its session %d is "
			      "not, which cannot be carried yet",
			      model_task_name(p->model, task), task->vsid);
	int r = plan_shares_nothing(p, task, err);
	if (r >= 0)
		r = add(p, PLAN_SEED, task, 0, err);
	return r < 0 ? r : plan_grow(p, task, 0, err);
}

/* --- groups */

static bool joins_group(const struct task *task)
{
	return !leads_session(task) && task->vpgid != 0;
}

/* leads_group_here() - the group has its leader, or was made with a session that was lent one:
 * whoever is of that session was born into it */
static bool leads_group_here(const struct planning *p, pid_t pgid)
{
	for (size_t i = 0; i < p->n_lent; i++)
		if (p->lent_session[i] == pgid)
			return true;
	return model_task(p->model, pgid) != NULL;
}

static int lend_leader(struct planning *p, struct task *member, struct err *err)
{
	struct plan_step step = {
		.action = PLAN_LEND_GROUP, .task = member, .by = member, .id = member->vpgid};

	int r = plan_add(p, step, err);
	for (size_t i = 0; i < p->model->n_tasks && r >= 0; i++)
		if (p->model->task[i]->vpgid == member->vpgid)
			r = add(p, PLAN_GROUP, p->model->task[i], member->vpgid, err);
	step.action = PLAN_DROP;
	return r < 0 ? r : plan_add(p, step, err);
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
		if (leads_group_here(p, task->vpgid))
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
		r = plan_strays(&p, err);
	if (r >= 0)
		r = join_groups(&p, err);
	if (r >= 0)
		r = end_zombies(&p, err);
	if (r >= 0)
		*ret = p.plan;
	return r;
}
