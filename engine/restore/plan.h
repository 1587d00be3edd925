/* plan.h - who makes whom, in which order
 *
 * Pure: from the model alone, before anything exists.  A process gets its session from its
 * parent at birth or makes one itself; so children that carry the older session must be born
 * before their parent makes its own.  Groups are joined once every member exists.  A group
 * whose leader is gone needs somebody of that pid for a moment.
 */
#ifndef CKRUN_RESTORE_PLAN_H
#define CKRUN_RESTORE_PLAN_H

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct err;
struct model;
struct task;

enum plan_action {
	PLAN_SEED,    /* the root `task` begins: the container's init, or one more process */
	PLAN_FORK,    /* task->parent makes `task` */
	PLAN_SESSION, /* task makes its session */
	PLAN_THREADS, /* task makes its threads */
	PLAN_GROUP,   /* task makes or joins the group `id` */
	PLAN_LEND,    /* task makes a child with pid `id` that leads the group `id` */
	PLAN_DROP,    /* ... which ends and is reaped */
	PLAN_END,     /* task ends and stays a zombie */
};

struct plan_step {
	enum plan_action action;
	struct task *task;
	pid_t id;
};

struct plan {
	struct plan_step *step;
	size_t n;
};

enum outer_session { OUTER_REFUSED, OUTER_ALLOWED }; /* --shell-job */

/* plan_build() - refuses trees that no order of steps can make, naming the task. */
int plan_build(const struct model *model, struct arena *arena, enum outer_session outer,
	       struct plan *ret, struct err *err);

#endif
