/* tree.c - which tasks the set has and how they are related
 *
 * Alive ones are in the cgroup.  Zombies are not: the kernel takes them out of their cgroup
 * (Linux 5.2), so they are found as children of the living.  A parent outside the set makes a
 * task a root.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup/cgroup.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/kernel/pidfd.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/stat.h"
#include "engine/kernel/status.h"
#include "engine/task/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { ZOMBIE_MS = 10000 };

int checkpoint_add_task(struct checkpoint *c, pid_t pid, struct task **ret, struct err *err)
{
	struct task *task = model_add_task(&c->model);

	if (!task)
		return fail(err, -ENOMEM, "tasks");
	task->pid = pid;
	task->pidfd = pidfd_for(pid, PIDFD_OF_PROCESS, err);
	if (task->pidfd < 0)
		return fail_in(err, "task %d", pid);
	*ret = task;
	return 0;
}

int checkpoint_find_tasks(struct checkpoint *c, struct err *err)
{
	struct task *task;
	pid_t *pid;
	size_t n;

	int r = cgroup_set_tasks(c->request->cgroup, c->arena, &pid, &n, err);
	if (r < 0)
		return r;
	if (!n)
		return fail(err, -ESRCH, "the container's cgroup holds no task");
	for (size_t i = 0; i < n && r >= 0; i++)
		r = checkpoint_add_task(c, pid[i], &task, err);
	return r < 0 ? r : 0;
}

struct task *checkpoint_task(const struct model *model, pid_t pid)
{
	for (size_t i = 0; i < model->n_tasks; i++)
		if (model->task[i]->pid == pid)
			return model->task[i];
	return NULL;
}

/* --- zombies */

static int add_zombie(struct checkpoint *c, pid_t pid, const struct stat_task *stat,
		      struct err *err)
{
	struct task *task = model_add_task(&c->model);

	if (!task)
		return fail(err, -ENOMEM, "tasks");
	task->pid = pid;
	task->state = TASK_ZOMBIE;
	task->thread = arena_new_struct(c->arena, struct thread);
	if (!task->thread)
		return fail(err, -ENOMEM, "tasks");
	task->n_threads = 1;
	task->thread[0].tid = pid;
	task->thread[0].core = core_new(c->arena, stat->comm);
	if (!task->thread[0].core)
		return fail(err, -ENOMEM, "tasks");
	task->thread[0].core->tc->exit_code = (uint32_t)stat->exit_code;
	task->thread[0].core->tc->has_exit_signal = true;
	task->thread[0].core->tc->exit_signal = (uint32_t)stat->exit_signal;
	return 0;
}

/* stat_settled() - of a child that is no member: a task that exits leaves its cgroup, which then counts
 * as frozen, before it is a zombie.  1, or 0 if it went without becoming one. */
static int stat_settled(pid_t pid, struct stat_task *ret, struct err *err)
{
	const struct timespec nap = {.tv_nsec = 100000};

	for (int tries = 0; tries < ZOMBIE_MS * 10; tries++) {
		int r = stat_read(pid, 0, ret, err);
		if (r == -ESRCH || r == -ENOENT || (r >= 0 && ret->state == 'X'))
			return 0;
		if (r < 0 || ret->state == 'Z' || !(ret->flags & STAT_EXITING))
			return r < 0 ? r : 1;
		nanosleep(&nap, NULL);
	}
	return fail(err, -ETIMEDOUT, "child %d (%s) does not finish its exit", pid, ret->comm);
}

static int look_child(struct checkpoint *c, const struct task *parent, pid_t pid,
		      struct err *err)
{
	struct stat_task stat;

	if (checkpoint_task(&c->model, pid))
		return 0;
	int r = stat_settled(pid, &stat, err);
	if (r <= 0)
		return r;
	if (stat.state != 'Z')
		return refuse(
			err,
			"task %d: its child %d (%s) is in another cgroup; move it into the "
			"container's",
			parent->pid, pid, stat.comm);
	return add_zombie(c, pid, &stat, err);
}

static int find_children(struct checkpoint *c, const struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		scoped_free char *text = NULL;
		int r = proc_text(task->pid, task->thread[i].tid, "children", &text, err);
		if (r < 0)
			return r;
		for (char *save = NULL, *word = strtok_r(text, " \n", &save); word;
		     word = strtok_r(NULL, " \n", &save)) {
			r = look_child(c, task, (pid_t)strtol(word, NULL, 10), err);
			if (checkpoint_refused(c, r, err) < 0)
				return r;
		}
	}
	return 0;
}

/* --- names and relations */

/* inner() - the id at the container's level: the namespaces of the list go from ours inwards */
static pid_t inner(const struct status_ids *ids, uint32_t level)
{
	return level < ids->n ? (pid_t)ids->id[level] : 0;
}

static int check_level(const struct status_task *s, uint32_t level, struct err *err)
{
	if (s->ns_pid.n == level + 1)
		return 0;
	return refuse(err, "it is in %s pid namespace, which cannot be carried yet",
		      s->ns_pid.n > level + 1 ? "a nested" : "an outer");
}

static int read_thread(struct checkpoint *c, const struct task *task, struct thread *thread,
		       uint32_t level, struct err *err)
{
	struct status_task *status = arena_new_struct(c->arena, struct status_task);

	if (!status)
		return fail(err, -ENOMEM, "threads");
	int r = status_read(task->pid, thread->tid, c->arena, status, err);
	if (r < 0)
		return r;
	thread->status = status;
	thread->vtid = inner(&status->ns_pid, level);
	return 0;
}

static int relate(struct checkpoint *c, struct task *task, uint32_t level, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		int r = read_thread(c, task, &task->thread[i], level, err);
		if (r < 0)
			return fail_in(err, "task %d", task->pid);
	}
	const struct status_task *s = task->thread[0].status;
	if (check_level(s, level, err) < 0)
		return fail_in(err, "task %d (%s)", task->pid, s->name);
	task->vpid = inner(&s->ns_tgid, level);
	task->vpgid = inner(&s->ns_pgid, level);
	task->vsid = inner(&s->ns_sid, level);
	task->parent = checkpoint_task(&c->model, s->ppid);
	if (!c->request->cgroup)
		checkpoint_leave_outside(c, task);
	return 0;
}

static unsigned int depth(const struct task *task)
{
	unsigned int n = 0;

	while (task->parent && n < 100000) {
		task = task->parent;
		n++;
	}
	return n;
}

static int parents_first(const void *a, const void *b)
{
	const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
	unsigned int dx = depth(x), dy = depth(y);

	if (dx != dy)
		return dx < dy ? -1 : 1;
	return (x->vpid > y->vpid) - (x->vpid < y->vpid);
}

/* --- the same namespaces as the container's first process */

static const char *const namespaces[] = {"pid",    "mnt",  "net",  "ipc", "uts",
					 "cgroup", "user", "time", NULL};

static int check_namespaces(const struct checkpoint *c, const struct task *task,
			    struct err *err)
{
	char mine[PROC_PATH_MAX], init[PROC_PATH_MAX], name[24];
	struct stat a, b;

	for (const char *const *ns = namespaces; *ns; ns++) {
		snprintf(name, sizeof(name), "ns/%s", *ns);
		if (stat(proc_path(mine, task->pid, 0, name), &a) < 0 ||
		    stat(proc_path(init, c->request->init, 0, name), &b) < 0) {
			if (errno == ENOENT) /* of a kernel without it */
				continue;
			return fail_errno(err, "open %s", mine);
		}
		if (a.st_ino != b.st_ino)
			return refuse(err,
				      "task %d: its %s namespace is not that of the container, "
				      "which cannot be carried yet",
				      task->pid, *ns);
	}
	return 0;
}

int checkpoint_relate_tasks(struct checkpoint *c, struct err *err)
{
	size_t living = c->model.n_tasks;
	struct status_task init;

	int r = status_read(c->request->init, 0, c->arena, &init, err);
	if (r < 0)
		return fail_in(err, "the container's first process");
	for (size_t i = 0; i < living; i++) {
		r = find_children(c, c->model.task[i], err);
		if (r < 0)
			return fail_in(err, "children of task %d", c->model.task[i]->pid);
	}
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];

		r = relate(c, task, init.ns_pid.n - 1, err);
		if (r >= 0 && task->state != TASK_ZOMBIE)
			r = check_namespaces(c, task, err);
		if (checkpoint_refused(c, r, err) < 0)
			return r;
	}
	qsort(c->model.task, c->model.n_tasks, sizeof(struct task *), parents_first);
	return 0;
}
