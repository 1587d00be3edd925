/* plan.h - who makes whom, in which order
 *
 * Pure: from the model alone, before anything exists.  A checkpoint makes it too, so that what no
 * restore could build is refused while the container still runs.
 *
 * A process gets its session from its maker at birth or makes one itself; so children that carry
 * the older session must be born before their parent makes its own.  Groups are joined once
 * every member exists.  A group whose leader is gone needs somebody of that pid for a moment: one
 * is lent.  An orphan was left to the init (or a subreaper), whose session it does not have:
 * somebody of its session makes a process that makes the orphan and ends.  If nobody is of that
 * session, because its leader is gone as well, the parent lends it a leader.
 */
#ifndef CKRUN_MODEL_PLAN_H
#define CKRUN_MODEL_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;
struct model;
struct task;

enum plan_action {
	PLAN_SEED,       /* the root `task` begins: the container's init, or one more */
	PLAN_FORK,       /* `by` makes `task`, which shares `flags`; its parent, or a sibling
			    * with CLONE_PARENT */
	PLAN_SESSION,    /* task makes its session */
	PLAN_THREADS,    /* task makes its threads */
	PLAN_GROUP,      /* task makes or joins the group `id` */
	PLAN_REAPER,     /* task becomes a subreaper, before orphans are left to it */
	PLAN_LEND_GROUP, /* by makes a passing child with pid `id` that leads the group `id` */
	PLAN_LEND_SESSION, /* ... that leads the session `id` */
	PLAN_LEND_MEMBER,  /* by makes a passing child of its own session */
	PLAN_FOSTER,       /* the passing child makes `task` */
	PLAN_DROP,         /* the passing child ends; by reaps it */
	PLAN_END,          /* task ends and stays a zombie */
};

struct plan_step {
	enum plan_action action;
	struct task *task; /* whom the step is about, for messages too */
	struct task *by;
	pid_t id;
	uint64_t flags; /* CLONE_ */
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
