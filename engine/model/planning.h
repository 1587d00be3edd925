/* planning.h - a plan being made; internal to plan.c, sharing.c and strays.c */
#ifndef CKRUN_MODEL_PLANNING_H
#define CKRUN_MODEL_PLANNING_H

#include <stdbool.h>

#include "engine/model/model.h"
#include "engine/model/plan.h"

enum { ANY_SESSION = 0 };

struct stray {
	struct task *task;
	pid_t session; /* it must be born into this one */
};

struct planning {
	const struct model *model;
	struct arena *arena;
	struct plan plan;
	enum outer_session outer;
	struct stray *stray; /* whose parent cannot give them their session */
	size_t n_strays;
	struct task **reaper; /* subreapers so far */
	size_t n_reapers;
	pid_t *lent_session;
	size_t n_lent;
};

int plan_add(struct planning *p, struct plan_step step, struct err *err);
bool plan_is_grown(const struct planning *p, const struct task *task);

/* plan_grow() - `task` was just made, in the session `inherited`: all that grows from it. */
int plan_grow(struct planning *p, struct task *task, pid_t inherited, struct err *err);

/* sharing.c: plan_fork() - by its parent, or by a sibling with which it shares what the parent does
 * not have.  plan_shares_nothing() - refuses one that does share, for those made otherwise. */
int plan_fork(struct planning *p, struct task *task, struct err *err);
int plan_shares_nothing(const struct planning *p, struct task *task, struct err *err);

/* strays.c: all that were left over, and what grows from them. */
int plan_strays(struct planning *p, struct err *err);

static inline bool leads_session(const struct task *task)
{
	return task->vsid == task->vpid;
}

#endif
