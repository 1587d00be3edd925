/* strays.c - orphans, and other tasks whose parent never had their session
 *
 * An orphan is left to the nearest subreaper above it, else to the init of its pid namespace.  To
 * make one, a task of its session makes a passing child which makes the orphan and ends.
 */
#include <errno.h>

#include "engine/model/planning.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

bool plan_is_grown(const struct planning *p, const struct task *task)
{
	for (size_t i = 0; i < p->plan.n; i++)
		if (p->plan.step[i].task == task)
			return true;
	return false;
}

static bool is_reaper(const struct planning *p, const struct task *task)
{
	for (size_t i = 0; i < p->n_reapers; i++)
		if (p->reaper[i] == task)
			return true;
	return false;
}

/* reaper_of() - to whom children of a passing child of `task` are left */
static const struct task *reaper_of(const struct planning *p, const struct task *task)
{
	for (; task; task = task->parent)
		if (is_reaper(p, task))
			return task;
	return p->model->task[0];
}

static bool descends(const struct task *task, const struct task *ancestor)
{
	while (task && task != ancestor)
		task = task->parent;
	return task != NULL;
}

static int make_reaper(struct planning *p, struct task *task, struct err *err)
{
	struct task **more =
		arena_grow(p->arena, p->reaper, p->n_reapers, sizeof(struct task *));

	if (!more)
		return fail(err, -ENOMEM, "plan");
	p->reaper = more;
	p->reaper[p->n_reapers++] = task;
	return plan_add(p, (struct plan_step){.action = PLAN_REAPER, .task = task}, err);
}

/* find_maker() - somebody of the session whose passing children leave theirs to the parent */
static struct task *find_maker(const struct planning *p, const struct stray *stray,
			       bool *ret_reaper)
{
	struct task *parent = stray->task->parent;

	for (size_t i = 0; i < p->model->n_tasks; i++) {
		struct task *task = p->model->task[i];

		if (task->vsid != stray->session || !plan_is_grown(p, task))
			continue;
		*ret_reaper = reaper_of(p, task) != parent;
		if (!*ret_reaper ||
		    (parent->thread[0].core->tc->child_subreaper && descends(task, parent) &&
		     descends(parent, reaper_of(p, task))))
			return task;
	}
	return NULL;
}

static int lend_session(struct planning *p, const struct stray *stray, struct err *err)
{
	pid_t *more =
		arena_grow(p->arena, p->lent_session, p->n_lent, sizeof(p->lent_session[0]));

	if (!more)
		return fail(err, -ENOMEM, "plan");
	p->lent_session = more;
	p->lent_session[p->n_lent++] = stray->session;
	return 0;
}

static bool has_reaping_parent(const struct planning *p, const struct task *task)
{
	return task->parent == p->model->task[0] ||
	       task->parent->thread[0].core->tc->child_subreaper;
}

/* choose() - who makes the passing child: 0 if nobody can yet */
static int choose(struct planning *p, const struct stray *stray, struct plan_step *ret,
		  struct err *err)
{
	bool reaper = false;
	int r = 0;

	*ret = (struct plan_step){.action = PLAN_LEND_MEMBER,
				  .task = stray->task,
				  .by = find_maker(p, stray, &reaper)};
	if (!ret->by && !model_task(p->model, stray->session) &&
	    has_reaping_parent(p, stray->task)) {
		ret->action = PLAN_LEND_SESSION;
		ret->by = stray->task->parent;
		ret->id = stray->session;
		reaper = reaper_of(p, ret->by) != ret->by;
		r = lend_session(p, stray, err);
	}
	if (r >= 0 && reaper)
		r = make_reaper(p, stray->task->parent, err);
	return r < 0 ? r : ret->by != NULL;
}

static int foster(struct planning *p, const struct stray *stray, struct plan_step step,
		  struct err *err)
{
	struct task *task = stray->task;

	int r = plan_shares_nothing(p, task, err);
	if (r >= 0)
		r = plan_add(p, step, err);
	step.action = PLAN_FOSTER;
	if (r >= 0)
		r = plan_add(p, step, err);
	step.action = PLAN_DROP;
	if (r >= 0)
		r = plan_add(p, step, err);
	return r < 0 ? r : plan_grow(p, task, stray->session, err);
}

/* Those of the init come first: once there are subreapers, orphans below them are theirs. */
static int take_one(struct planning *p, bool of_init, struct err *err)
{
	struct plan_step step;

	for (size_t i = 0; i < p->n_strays; i++) {
		struct stray stray = p->stray[i];

		if ((stray.task->parent == p->model->task[0]) != of_init)
			continue;
		int r = choose(p, &stray, &step, err);
		if (r == 0)
			continue;
		p->stray[i] = p->stray[--p->n_strays];
		return r < 0 ? r : foster(p, &stray, step, err) < 0 ? err->code : 1;
	}
	return 0;
}

int plan_strays(struct planning *p, struct err *err)
{
	int r;

	do {
		r = take_one(p, true, err);
		if (r == 0)
			r = take_one(p, false, err);
	} while (r > 0);
	if (r < 0 || !p->n_strays)
		return r;
	return refuse(
		err,
		"%s: its parent, task %d, does not have its session %d and is no reaper of "
		"orphans, which cannot be carried yet",
		model_task_name(p->model, p->stray[0].task), p->stray[0].task->parent->vpid,
		p->stray[0].session);
}
