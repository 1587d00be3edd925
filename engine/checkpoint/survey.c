/* survey.c - phases lock and survey: what every task has, seen from outside
 *
 * All refusals are collected, so that a user sees every reason at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/fd/reg.h"
#include "engine/inject/plant.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/stat.h"
#include "engine/task/core.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

/* --- lock: from here on we are in the container's network namespace */

static int open_at(pid_t pid, const char *name, int flags, struct err *err)
{
	char path[PROC_PATH_MAX];

	int fd = open(proc_path(path, pid, 0, name), flags | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open %s", path) : fd;
}

int checkpoint_lock(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	c->host_net = open_at(getpid(), "ns/net", O_RDONLY, err);
	c->net = c->host_net < 0 ? -1 : open_at(c->request->init, "ns/net", O_RDONLY, err);
	c->fds.root = c->net < 0 ? -1 : open_at(c->request->init, "root", O_PATH, err);
	if (c->fds.root >= 0 && setns(c->net, CLONE_NEWNET) < 0)
		fail_errno(err, "enter the container's network namespace");
	if (err->code) {
		checkpoint_unlock(c, FATE_RUN);
		return err->code;
	}
	c->in_net = true;
	int r = checkpoint_moment(c, "network-lock", err);
	if (r < 0)
		checkpoint_unlock(c, FATE_RUN);
	return r;
}

void checkpoint_unlock(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;

	(void)fate;
	if (c->in_net)
		(void)!setns(c->host_net, CLONE_NEWNET);
	c->in_net = false;
	scope_close(&c->host_net);
	scope_close(&c->net);
	scope_close(&c->fds.root);
	c->host_net = c->net = c->fds.root = -1;
}

/* --- survey */

static int new_cores(struct checkpoint *c, struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		struct thread *thread = &task->thread[i];

		thread->core = core_new(c->arena, i ? NULL : thread->stat->comm);
		if (!thread->core)
			return fail(err, -ENOMEM, "threads");
	}
	task->thread[0].core->tc->task_state =
		task->state == TASK_STOPPED ? CORE_STOPPED : CORE_ALIVE;
	return 0;
}

static int look_thread(struct checkpoint *c, struct task *task, struct thread *thread,
		       struct err *err)
{
	struct task_seen seen = {
		.model = &c->model,
		.task = task,
		.thread = thread,
		.status = thread->status,
		.stat = thread->stat,
		.calls = c->calls,
		.seccomp = &c->seccomp,
	};

	return task_look(&seen, err);
}

static int describe(struct checkpoint *c, struct task *task, const char *name, uint32_t *ret_id,
		    struct err *err)
{
	char path[PROC_PATH_MAX], link[PATH_MAX];
	struct open_file *file;

	scoped_fd int fd = open_at(task->pid, name, O_PATH, err);
	if (fd < 0)
		return fd;
	ssize_t n = readlink(proc_path(path, task->pid, 0, name), link, sizeof(link) - 1);
	if (n < 0)
		return fail_errno(err, "read %s", path);
	link[n] = '\0';
	int r = reg_describe(&c->fds, fd, link, O_PATH | O_DIRECTORY, &file, err);
	if (r < 0)
		return fail_in(err, "%s %s", name, link);
	*ret_id = file->id;
	return 0;
}

static int look_places(struct checkpoint *c, struct task *task, struct err *err)
{
	int r = describe(c, task, "cwd", &task->fs->cwd_id, err);

	return r < 0 ? r : describe(c, task, "root", &task->fs->root_id, err);
}

static int look_memory(struct checkpoint *c, struct task *task, struct err *err)
{
	if (!checkpoint_is_first(&c->model, task, MEMORY_OF))
		return 0;
	return mem_look(&c->fds, &c->known, task, task->thread[0].stat, err);
}

/* Every part is looked at, whatever an earlier one refused. */
static int look_task(struct checkpoint *c, struct task *task, struct err *err)
{
	task->plant = arena_new_struct(c->arena, struct plant);
	if (!task->plant)
		return fail(err, -ENOMEM, "tasks");
	int r = plant_open(task->pid, task->plant, err);
	if (r < 0) {
		task->plant = NULL;
		return fail_in(err, "%s", model_task_name(&c->model, task));
	}
	for (size_t i = 0; i < task->n_threads; i++) {
		r = look_thread(c, task, &task->thread[i], err);
		if (r < 0)
			fail_in(err, "%s", model_task_name(&c->model, task));
		if (checkpoint_refused(c, r, err) < 0)
			return r;
	}
	log_debug(c->model.log, "task", "%s: host pid %d, %zu threads, %zu descriptors",
		  model_task_name(&c->model, task), task->pid, task->n_threads, task->n_fds);
	r = look_memory(c, task, err);
	if (r < 0)
		fail_in(err, "%s", model_task_name(&c->model, task));
	if (checkpoint_refused(c, r, err) < 0)
		return r;
	r = task->fs ? look_places(c, task, err) : 0;
	return r < 0 ? fail_in(err, "%s", model_task_name(&c->model, task)) : 0;
}

static int look_tasks(struct checkpoint *c, struct err *err)
{
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];

		if (task->state == TASK_ZOMBIE)
			continue;
		int r = look_task(c, task, err);
		if (checkpoint_refused(c, r, err) < 0)
			return r;
	}
	return 0;
}

static int make_cores(struct checkpoint *c, struct err *err)
{
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];

		if (task->state != TASK_ZOMBIE && new_cores(c, task, err) < 0)
			return fail_in(err, "task %d", task->pid);
	}
	return 0;
}

static int prepare_files(struct checkpoint *c, struct err *err)
{
	for (; c->prepared < c->model.n_files; c->prepared++) {
		struct open_file *file = c->model.file[c->prepared];

		if (file->holder && file->kind->prepare &&
		    file->kind->prepare(&c->fds, file, err) < 0)
			return fail_in(err, "%s: fd %d",
				       model_task_name(&c->model, file->holder), file->num);
	}
	return 0;
}

static int dump_files(struct checkpoint *c, struct err *err)
{
	for (size_t i = 0; i < c->model.n_files; i++) {
		struct open_file *file = c->model.file[i];

		if (!file->holder) /* described by what maps it */
			continue;
		log_debug(c->model.log, "file", "%s: fd %d: %s: %s",
			  model_task_name(&c->model, file->holder), file->num, file->kind->name,
			  file->link);
		int r = fd_dump_file(&c->fds, file, err);
		if (checkpoint_refused(c, r, err) < 0)
			return r;
	}
	return checkpoint_refused(c, fd_dump_finish(&c->fds, err), err);
}

int checkpoint_survey(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	int r = checkpoint_relate_tasks(c, err);
	if (r >= 0)
		r = make_cores(c, err);
	if (r >= 0)
		r = checkpoint_find_shared(c, err);
	if (r >= 0)
		r = checkpoint_find_files(c, err);
	if (r >= 0)
		r = look_tasks(c, err);
	if (r >= 0)
		r = prepare_files(c, err);
	if (r >= 0)
		r = dump_files(c, err);
	if (r >= 0)
		r = checkpoint_look_around(c, err);
	if (r >= 0)
		r = checkpoint_verdict(c, err);
	if (r < 0)
		checkpoint_forget(c, FATE_RUN);
	return r;
}

void checkpoint_forget(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;

	for (size_t i = 0; i < c->prepared; i++)
		if (c->model.file[i]->holder && c->model.file[i]->kind->unprepare)
			c->model.file[i]->kind->unprepare(c->model.file[i], fate == FATE_DIE);
	c->prepared = 0;
	for (size_t i = 0; i < c->model.n_files; i++) {
		scope_close(&c->model.file[i]->fd);
		c->model.file[i]->fd = -1;
	}
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		if (c->model.task[i]->plant)
			plant_close(c->model.task[i]->plant);
		scope_close(&c->model.task[i]->pidfd);
		c->model.task[i]->pidfd = -1;
	}
}
