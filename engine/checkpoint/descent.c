/* descent.c - a process and its descendants: stopped one by one, until no new one appears
 *
 * No freezer holds them.  A task that stands still makes no children and no threads, so whoever
 * was found and stopped is done with; its children are looked for after it stands.  A child that
 * ends meanwhile leaves its own children to a subreaper of the tree, which may have been looked
 * at already: all are looked at again until nothing is new.  Left to anybody else they are no
 * descendants any more.
 *
 * Kernel  /proc/PID/task/TID/children (Linux 3.5): who may be missing are children that end
 *         while they are listed; those that stand do not.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/kernel/pidfd.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/stat.h"
#include "engine/kernel/status.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* --- one task */

static bool has_thread(const struct task *task, pid_t tid)
{
	for (size_t i = 0; i < task->n_threads; i++)
		if (task->thread[i].tid == tid)
			return true;
	return false;
}

/* Those that are not known yet are asked to stop; a thread may end before it is. */
static int seize_new(struct checkpoint *c, struct task *task, struct err *err)
{
	char path[PROC_PATH_MAX];
	DIR *dir = opendir(proc_path(path, task->pid, 0, "task"));
	int r = 0;

	if (!dir)
		return fail_errno(err, "open %s", path);
	for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir)) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);

		if (e->d_name[0] == '.' || has_thread(task, tid))
			continue;
		r = checkpoint_seize_thread(c, task, tid, err);
		if (r == -ESRCH && tid != task->pid) {
			task->n_threads--;
			*err = (struct err){0};
			r = 0;
		}
	}
	closedir(dir);
	return r;
}

static void forget_thread(struct task *task, size_t i)
{
	task->n_threads--;
	memmove(&task->thread[i], &task->thread[i + 1],
		(task->n_threads - i) * sizeof(*task->thread));
}

/* Those that were asked stand, or have ended on the way. */
static int wait_new(struct task *task, size_t *stopped, struct err *err)
{
	while (*stopped < task->n_threads) {
		int r = checkpoint_wait_thread(task, &task->thread[*stopped], err);

		if (r < 0 && (r != -ESRCH || !*stopped))
			return r;
		if (r >= 0) {
			++*stopped;
			continue;
		}
		forget_thread(task, *stopped);
		*err = (struct err){0};
	}
	return 0;
}

static int stop_task(struct checkpoint *c, struct task *task, struct err *err)
{
	size_t stopped = 0;
	bool fresh;
	int r;

	do {
		r = seize_new(c, task, err);
		fresh = task->n_threads > stopped;
		if (r >= 0)
			r = wait_new(task, &stopped, err);
	} while (r >= 0 && fresh);
	return r < 0 ? fail_in(err, "task %d", task->pid) : 0;
}

/* --- its children */

/* It ended before it stood: it is no task any more, but a zombie at most. */
static bool has_ended(pid_t pid)
{
	struct stat_task stat;
	struct err gone = {};

	return stat_read(pid, 0, &stat, &gone) < 0 ||
	       (stat.state == 'Z' && stat.num_threads <= 1);
}

static int meet_child(struct checkpoint *c, pid_t pid, struct err *err)
{
	struct stat_task stat;
	struct err gone = {};
	struct task *task;

	if (checkpoint_task(&c->model, pid) || stat_read(pid, 0, &stat, &gone) < 0)
		return 0;
	if (stat.state == 'Z') /* found as a zombie later */
		return 0;
	if (pid == getpid())
		return fail(err, -EDEADLK,
			    "the caller itself is among the descendants; call from outside");
	int r = checkpoint_add_task(c, pid, &task, err);
	if (r >= 0)
		r = stop_task(c, task, err);
	if (r >= 0 || !has_ended(pid))
		return r;
	model_drop_task(&c->model);
	*err = (struct err){0};
	return 0;
}

static int meet_children(struct checkpoint *c, const struct task *task, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < task->n_threads && r >= 0; i++) {
		scoped_free char *text = NULL;

		r = proc_text(task->pid, task->thread[i].tid, "children", &text, err);
		char *save = NULL, *word = r < 0 ? NULL : strtok_r(text, " \n", &save);
		for (; word && r >= 0; word = strtok_r(NULL, " \n", &save))
			r = meet_child(c, (pid_t)strtol(word, NULL, 10), err);
	}
	return r;
}

static int meet_descendants(struct checkpoint *c, struct err *err)
{
	size_t before;

	do {
		before = c->model.n_tasks;
		for (size_t i = 0; i < c->model.n_tasks; i++) {
			int r = meet_children(c, c->model.task[i], err);
			if (r < 0)
				return r;
		}
	} while (c->model.n_tasks > before);
	return 0;
}

/* --- who may be the first */

static const char *const namespaces[] = {"pid",    "mnt",  "net",  "ipc", "uts",
					 "cgroup", "user", "time", NULL};

/* Looked at before anything stands still. */
static int check_namespaces(pid_t pid, struct err *err)
{
	char its[PROC_PATH_MAX], ours[PROC_PATH_MAX], name[24];
	struct stat a, b;

	for (const char *const *ns = namespaces; *ns; ns++) {
		snprintf(name, sizeof(name), "ns/%s", *ns);
		if (stat(proc_path(ours, getpid(), 0, name), &b) < 0)
			continue; /* of a kernel without it */
		if (stat(proc_path(its, pid, 0, name), &a) < 0)
			return fail_errno(err, "open %s", its);
		if (a.st_ino != b.st_ino)
			return refuse(err,
				      "task %d: its %s namespace is another than ours, which "
				      "cannot be carried without a container yet; use ckrun "
				      "checkpoint",
				      pid, *ns);
	}
	return 0;
}

static int check_root(pid_t pid, struct err *err)
{
	struct stat_task stat;

	if (stat_read(pid, 0, &stat, err) < 0)
		return err->code == -ENOENT || err->code == -ESRCH
			       ? fail(err, -ESRCH, "there is no process %d", pid)
			       : err->code;
	if (pid == getpid())
		return fail(err, -EDEADLK, "process %d is the caller itself", pid);
	if (stat.state == 'Z')
		return refuse(err, "process %d has ended, only its parent knows of it yet",
			      pid);
	return check_namespaces(pid, err);
}

int checkpoint_stop_tree(struct checkpoint *c, struct err *err)
{
	struct task *task;

	int r = check_root(c->request->init, err);
	if (r >= 0)
		r = checkpoint_add_task(c, c->request->init, &task, err);
	if (r >= 0)
		r = stop_task(c, task, err);
	return r < 0 ? r : meet_descendants(c, err);
}

/* We trace them all, so their pids are theirs. */
void checkpoint_end_tree(const struct checkpoint *c, int signal)
{
	for (size_t i = 0; i < c->model.n_tasks; i++)
		if (c->model.task[i]->state != TASK_ZOMBIE)
			kill(c->model.task[i]->pid, signal);
}

/* --- sessions and groups that stay behind */

static bool stays_behind(const struct checkpoint *c, pid_t id, pid_t outer)
{
	if (!id || checkpoint_task(&c->model, id))
		return false;
	return id == outer || kill(id, 0) == 0 || errno == EPERM;
}

void checkpoint_leave_outside(const struct checkpoint *c, struct task *task)
{
	const struct task *root = checkpoint_task(&c->model, c->request->init);
	const struct status_task *s = root->thread[0].status;
	uint32_t level = s->ns_pid.n - 1;

	if (stays_behind(c, task->vsid, (pid_t)s->ns_sid.id[level]))
		task->vsid = 0;
	if (stays_behind(c, task->vpgid, (pid_t)s->ns_pgid.id[level]))
		task->vpgid = 0;
}
