/* sharing.c - what tasks have in common they get at birth, from whoever makes them
 *
 * clone3(2): CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_SIGHAND share with the maker.  With CLONE_PARENT
 * the maker is a sibling: its exit signal is the child's too.
 */
#include <sched.h>
#include <stdint.h>

#include "engine/model/planning.h"
#include "runtime/base/err.h"

static const struct {
	uint64_t flag;
	const char *what;
} things[] = {
	{CLONE_VM, "memory"},
	{CLONE_FILES, "its table of descriptors"},
	{CLONE_FS, "its working directory"},
	{CLONE_SIGHAND, "its signal handlers"},
};

enum { N_THINGS = sizeof(things) / sizeof(things[0]) };

static uint64_t shared(const struct task *a, const struct task *b)
{
	const TaskKobjIdsEntry *x = a->state == TASK_ZOMBIE ? NULL : task_ids(a);
	const TaskKobjIdsEntry *y = b->state == TASK_ZOMBIE ? NULL : task_ids(b);

	if (!x || !y)
		return 0;
	return (x->vm_id == y->vm_id ? CLONE_VM : 0UL) |
	       (x->files_id == y->files_id ? CLONE_FILES : 0UL) |
	       (x->fs_id == y->fs_id ? CLONE_FS : 0UL) |
	       (x->sighand_id == y->sighand_id ? CLONE_SIGHAND : 0UL);
}

static uint64_t shared_with_elders(const struct planning *p, const struct task *task)
{
	uint64_t flags = 0;

	for (size_t i = 0; p->model->task[i] != task; i++)
		flags |= shared(task, p->model->task[i]);
	return flags;
}

static int refuse_sharing(const struct planning *p, const struct task *task, uint64_t flags,
			  struct err *err)
{
	const struct model *model = p->model;

	for (size_t i = 0; model->task[i] != task; i++)
		for (size_t j = 0; j < N_THINGS; j++)
			if (shared(task, model->task[i]) & flags & things[j].flag)
				return refuse(err,
					      "%s shares %s with task %d, which did not make "
					      "it; this cannot be carried yet",
					      model_task_name(model, task), things[j].what,
					      model->task[i]->vpid);
	return 0;
}

static uint32_t exit_signal(const struct task *task)
{
	return task->thread[0].core->tc->exit_signal;
}

static struct task *find_sibling(const struct planning *p, const struct task *task,
				 uint64_t flags)
{
	for (size_t i = 0; p->model->task[i] != task; i++) {
		struct task *other = p->model->task[i];

		if (other->parent == task->parent && (shared(task, other) & flags) == flags &&
		    other->vsid == task->vsid && !leads_session(other) &&
		    exit_signal(other) == exit_signal(task) && plan_is_grown(p, other))
			return other;
	}
	return NULL;
}

int plan_fork(struct planning *p, struct task *task, struct err *err)
{
	uint64_t flags = shared_with_elders(p, task);
	struct plan_step step = {
		.action = PLAN_FORK, .task = task, .by = task->parent, .flags = flags};

	if (flags & ~shared(task, task->parent)) {
		step.by = find_sibling(p, task, flags);
		step.flags = flags | CLONE_PARENT;
	}
	if (!step.by)
		return refuse_sharing(p, task, flags & ~shared(task, task->parent), err);
	return plan_add(p, step, err);
}

int plan_shares_nothing(const struct planning *p, struct task *task, struct err *err)
{
	uint64_t flags = shared_with_elders(p, task);

	return flags ? refuse_sharing(p, task, flags, err) : 0;
}
