/* freeze.c - phases freeze and seize: everything stands still */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "cgroup/cgroup.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/stat.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

enum { FREEZE_MS = 10000, STOP_MS = 10000, SOON_MS = 1000 };

int checkpoint_freeze(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	int r = checkpoint_moment(c, "pre-dump", err);
	clock_gettime(CLOCK_MONOTONIC, &c->froze);
	if (r < 0 || !c->request->cgroup)
		return r;
	r = cgroup_set_freeze(c->request->cgroup, FREEZE_MS, err);
	c->frozen = r >= 0;
	return r;
}

void checkpoint_thaw(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;
	struct err ignored = {};

	if (c->frozen && (!c->request->was_paused || fate == FATE_DIE))
		cgroup_set_thaw(c->request->cgroup, &ignored);
}

static int add_thread(struct checkpoint *c, struct task *task, pid_t tid, struct err *err)
{
	struct thread *more =
		arena_grow(c->arena, task->thread, task->n_threads, sizeof(*task->thread));

	if (!more)
		return fail(err, -ENOMEM, "threads");
	task->thread = more;
	task->thread[task->n_threads++].tid = tid;
	return 0;
}

/* The leader comes first in the list of the kernel and in ours. */
static int find_threads(struct checkpoint *c, struct task *task, struct err *err)
{
	char path[PROC_PATH_MAX];
	DIR *dir = opendir(proc_path(path, task->pid, 0, "task"));
	int r = 0;

	if (!dir)
		return fail_errno(err, "open %s", path);
	for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir))
		if (e->d_name[0] != '.')
			r = add_thread(c, task, (pid_t)strtol(e->d_name, NULL, 10), err);
	closedir(dir);
	return r < 0 || task->n_threads ? r : fail(err, -ESRCH, "it has no threads");
}

static int seize_thread(pid_t pid, pid_t tid, struct err *err)
{
	struct stat_task stat;

	int r = tracee_seize(tid, TASKS_SURVIVE_US, err);
	if (r != -EPERM)
		return r;
	if (stat_read(pid, tid, &stat, err) >= 0 && stat.state == 'Z')
		return refuse(err,
			      "its first thread has ended while others go on, which cannot "
			      "be carried yet");
	return refuse(err, "another program (a debugger?) traces thread %d", tid);
}

/* stands() - stopped by a signal.  Seizing such a thread waits until it has gone over to the tracer's
 * stop, which it cannot while cgroup v1 freezes it: those wait for the thaw.  "State:" shows D for
 * all that v1 froze, so where it sleeps in the kernel tells.  What v2 froze sleeps in get_signal()
 * too, in state S: it can be seized, and must be, since it goes on at the thaw. */
static bool stands(pid_t pid, pid_t tid)
{
	scoped_free char *where = NULL;
	struct err ignored = {};
	struct stat_task stat;

	return proc_text(pid, tid, "wchan", &where, &ignored) >= 0 &&
	       (!strcmp(where, "do_signal_stop") || !strcmp(where, "get_signal")) &&
	       stat_read(pid, tid, &stat, &ignored) >= 0 && stat.state != 'S';
}

enum pass { FROZEN, THAWED }; /* the second one takes those that stand */

static int seize_task(struct task *task, enum pass pass, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < task->n_threads && r >= 0; i++) {
		struct thread *thread = &task->thread[i];

		if (pass == FROZEN)
			thread->stands = stands(task->pid, thread->tid);
		if (thread->stands == (pass == THAWED))
			r = seize_thread(task->pid, thread->tid, err);
	}
	return r;
}

static int seize_all(struct checkpoint *c, enum pass pass, struct err *err)
{
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];
		int r = pass == FROZEN ? find_threads(c, task, err) : 0;

		if (r >= 0)
			r = seize_task(task, pass, err);
		if (r < 0)
			return fail_in(err, "task %d", task->pid);
	}
	return 0;
}

/* In vfork(2) a thread sleeps until its child runs another program or ends, and no tracer wakes it;
 * posix_spawn(3) does the same with clone(2) or clone3(2). */
static bool waits_for_a_vfork(pid_t pid, pid_t tid)
{
	scoped_free char *text = NULL;
	struct err ignored = {};

	if (proc_text(pid, tid, "syscall", &text, &ignored) < 0)
		return false;
	long nr = strtol(text, NULL, 10);
	return text[0] != 'r' && (nr == SYS_vfork || nr == SYS_clone || nr == SYS_clone3);
}

static int wait_thread(pid_t pid, pid_t tid, int *ret_stopsig, struct err *err)
{
	int r = tracee_wait(tid, SOON_MS, ret_stopsig, err);

	if (r == -ETIMEDOUT && waits_for_a_vfork(pid, tid))
		return refuse(err,
			      "it waits in vfork(2) for its child; try again when that has "
			      "run another program or ended");
	return r == -ETIMEDOUT ? tracee_wait(tid, STOP_MS, ret_stopsig, err) : r;
}

/* A stop that a signal had caused before we came is the task's own state. */
int checkpoint_wait_thread(struct task *task, struct thread *thread, struct err *err)
{
	int stopsig;

	int r = wait_thread(task->pid, thread->tid, &stopsig, err);
	if (r >= 0)
		r = tracee_regs(thread->tid, &thread->regs, err);
	if (r >= 0)
		r = tracee_sigmask(thread->tid, &thread->sigmask, err);
	if (r >= 0 && stopsig)
		task->state = TASK_STOPPED;
	return r;
}

static int wait_task(struct task *task, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < task->n_threads && r >= 0; i++)
		r = checkpoint_wait_thread(task, &task->thread[i], err);
	return r;
}

int checkpoint_seize_thread(struct checkpoint *c, struct task *task, pid_t tid, struct err *err)
{
	int r = add_thread(c, task, tid, err);

	return r < 0 ? r : seize_thread(task->pid, tid, err);
}

static int stop_set(struct checkpoint *c, struct err *err)
{
	struct err ignored = {};

	int r = seize_all(c, FROZEN, err);
	if (r < 0)
		return r;
	cgroup_set_thaw(c->request->cgroup, &ignored);
	r = seize_all(c, THAWED, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->model.n_tasks; i++)
		if (wait_task(c->model.task[i], err) < 0)
			return fail_in(err, "task %d", c->model.task[i]->pid);
	return 0;
}

static int stop_all(struct checkpoint *c, struct err *err)
{
	int r = c->request->cgroup ? stop_set(c, err) : checkpoint_stop_tree(c, err);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_MONOTONIC, &c->stood);
	log_info(c->model.log, "seize", "%zu tasks stand still", c->model.n_tasks);
	return checkpoint_save(c, err);
}

int checkpoint_seize(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	int r = c->request->cgroup ? checkpoint_find_tasks(c, err) : 0;
	if (r >= 0)
		r = stop_all(c, err);
	if (r < 0)
		checkpoint_let_go(c, FATE_RUN);
	return r;
}

static void bury(const struct checkpoint *c)
{
	size_t n;
	pid_t *tid = model_threads(&c->model, &n);

	if (tid)
		tracee_bury(tid, n, STOP_MS);
}

static void refreeze(struct checkpoint *c)
{
	struct err ignored = {};

	/* tasks in a ptrace stop count as frozen (Linux 6.1), and are when they are let go */
	if (c->request->was_paused)
		cgroup_set_freeze(c->request->cgroup, FREEZE_MS, &ignored);
}

void checkpoint_let_go(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;
	struct err ignored = {};

	if (fate == FATE_DIE) {
		if (c->request->cgroup)
			cgroup_set_kill(c->request->cgroup, SIGKILL, &ignored);
		else
			checkpoint_end_tree(c, SIGKILL);
		bury(c);
	} else {
		refreeze(c);
	}
	if (c->committed && c->request->fate == LEAVE_STOPPED)
		checkpoint_end_tree(c, SIGSTOP);
	/* zombies and what was not seized are not ours: detaching does nothing to them */
	for (size_t t = c->model.n_tasks; t-- > 0 && fate == FATE_RUN;)
		for (size_t i = c->model.task[t]->n_threads; i-- > 0;)
			tracee_detach(c->model.task[t]->thread[i].tid);
	checkpoint_unsave(c);
}
