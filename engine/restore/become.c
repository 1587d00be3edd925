/* become.c - phases furnish, settle, become and release: shells turn into the tasks they were */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/fd/reg.h"
#include "engine/image/stats.h"
#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/mem/restore.h"
#include "engine/restore/restore.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

static bool is_alive(const struct task *task)
{
	return task->state != TASK_ZOMBIE;
}

/* --- furnish: memory first, which borrows descriptor numbers; then the descriptors */

static int fill_memory(struct restore *r, struct err *err)
{
	struct mem_restoring m = {
		.model = &r->model,
		.make = &r->make,
		.image = r->image,
		.calls = r->calls,
		.place = &r->place,
		.pass_num = r->pass_num,
	};
	int ret = 0;

	for (size_t i = 0; i < r->model.n_tasks && ret >= 0; i++) {
		struct task *task = r->model.task[i];

		if (!task->mm)
			continue;
		ret = mem_restore(&m, task, err);
		if (ret < 0)
			fail_in(err, "%s", model_task_name(&r->model, task));
	}
	if (ret >= 0)
		ret = restore_segments(r, &m, err);
	mem_restore_end(&m);
	r->pages = m.pages;
	log_info(r->model.log, "furnish", "%lu pages are in memory", r->pages);
	return ret;
}

static int make_files(struct restore *r, struct err *err)
{
	int fd;

	for (size_t i = 0; i < r->model.n_tasks; i++) {
		const struct task *task = r->model.task[i];

		for (size_t j = 0; j < task->n_fds; j++)
			if (fd_make_file(&r->make, task->fd[j].file->id, &fd, err) < 0)
				return err->code;
	}
	return 0;
}

/* place_batch() - received at the lowest free numbers, in order; the wanted numbers ascend
 * and none is below where it was received.  From the last to the first, so that no move
 * lands on one that still waits. */
static int place_batch(struct restore *r, const struct task *task, const struct descriptor *d,
		       size_t n, struct err *err)
{
	int fd[PASS_MAX], num[PASS_MAX];

	for (size_t i = 0; i < n; i++)
		fd[i] = d[i].file->fd;
	calls_start(r->calls, task->plant);
	int ret = pass_files(task->pass, r->calls, task->pid, r->pass_num, fd, n, num, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	for (size_t i = n; i-- > 0;) {
		uint64_t at = (uint64_t)num[i], to = (uint64_t)d[i].num;

		if (at != to) {
			calls_add(r->calls, "dup3", SYS_dup3, at, to,
				  d[i].cloexec ? O_CLOEXEC : 0);
			calls_add(r->calls, "close", SYS_close, at);
		} else if (!d[i].cloexec) {
			calls_add(r->calls, "fcntl", SYS_fcntl, at, F_SETFD, 0);
		}
	}
	return calls_run(r->calls, task->pid, err);
}

static int place_files(struct restore *r, const struct task *task, struct err *err)
{
	for (size_t at = 0; at < task->n_fds; at += PASS_MAX) {
		size_t n = task->n_fds - at < PASS_MAX ? task->n_fds - at : PASS_MAX;
		int ret = place_batch(r, task, task->fd + at, n, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- where it stands: working directory and root */

static int open_place(struct restore *r, uint32_t id, int *ret_fd, struct err *err)
{
	const struct open_file *file = model_file(&r->model, id);

	if (!file)
		return fail(err, -EPROTO, "directory %u is not in files.img", id);
	return reg_open(&r->make, file->entry, O_PATH | O_DIRECTORY, ret_fd, err);
}

static int place_task(struct restore *r, const struct task *task, struct err *err)
{
	scoped_fd int cwd = -1, root = -1;
	int num[2];

	int ret = open_place(r, task->fs->cwd_id, &cwd, err);
	if (ret >= 0)
		ret = open_place(r, task->fs->root_id, &root, err);
	if (ret < 0)
		return ret;
	const int fd[] = {root, cwd};
	calls_start(r->calls, task->plant);
	ret = pass_files(task->pass, r->calls, task->pid, r->pass_num, fd, 2, num, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	uint64_t dot = calls_data(r->calls, ".", 2);
	calls_add(r->calls, "fchdir", SYS_fchdir, (uint64_t)num[0]);
	calls_add(r->calls, "chroot", SYS_chroot, dot);
	calls_add(r->calls, "fchdir", SYS_fchdir, (uint64_t)num[1]);
	calls_add(r->calls, "close", SYS_close, (uint64_t)num[0]);
	calls_add(r->calls, "close", SYS_close, (uint64_t)num[1]);
	return calls_run(r->calls, task->pid, err);
}

int restore_furnish(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	int ret = fill_memory(r, err);
	if (ret >= 0)
		ret = make_files(r, err);
	for (size_t i = 0; i < r->model.n_tasks && ret >= 0; i++) {
		struct task *task = r->model.task[i];

		if (!is_alive(task))
			continue;
		ret = place_task(r, task, err);
		if (ret >= 0)
			ret = place_files(r, task, err);
		if (ret < 0)
			fail_in(err, "%s", model_task_name(&r->model, task));
	}
	if (ret < 0)
		restore_clear(r, FATE_DIE);
	return ret;
}

void restore_clear(void *ctx, enum fate fate)
{
	struct restore *r = ctx;

	(void)fate;
	fd_make_end(&r->make);
	for (size_t i = 0; i < r->model.n_files; i++) {
		scope_close(&r->model.file[i]->fd);
		r->model.file[i]->fd = -1;
	}
}

int restore_settle(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	return fd_settle(&r->make, err);
}

/* --- become: the last visit of each thread, then registers */

/* Ends of children and of a lent group leader came as signals that the task never had. */
static int forget_signals(struct restore *r, const struct task *task, struct err *err)
{
	const uint64_t all = UINT64_MAX;
	const struct timespec none = {0};

	calls_start(r->calls, task->plant);
	uint64_t set = calls_data(r->calls, &all, sizeof(all));
	uint64_t time = calls_data(r->calls, &none, sizeof(none));
	for (size_t i = 0; i <= r->model.n_tasks && i < CALLS_MAX; i++)
		if (i == r->model.n_tasks || (r->model.task[i]->parent == task &&
					      r->model.task[i]->state == TASK_ZOMBIE))
			calls_may_fail(r->calls, calls_add(r->calls, "rt_sigtimedwait",
							   SYS_rt_sigtimedwait, set, 0, time,
							   sizeof(all)));
	calls_add(r->calls, "close", SYS_close, (uint64_t)r->pass_num);
	calls_may_fail(r->calls, r->calls->n - 1); /* a shared table: closed once */
	return calls_run(r->calls, task->pid, err);
}

static int each_thread(struct restore *r, struct task *task,
		       int (*what)(struct task_given *, struct err *), struct err *err)
{
	for (size_t i = task->n_threads; i-- > 0;) {
		struct task_given given = {
			.model = &r->model,
			.task = task,
			.thread = &task->thread[i],
			.calls = r->calls,
			.seccomp = &r->seccomp,
			.capabilities = r->request->capabilities,
		};
		if (what(&given, err) < 0)
			return fail_in(err, "thread %d", task->thread[i].vtid);
	}
	return 0;
}

static int each_task(struct restore *r,
		     int (*what)(struct restore *, struct task *, struct err *),
		     struct err *err)
{
	for (size_t i = 0; i < r->model.n_tasks; i++)
		if (is_alive(r->model.task[i]) && what(r, r->model.task[i], err) < 0)
			return fail_in(err, "%s", model_task_name(&r->model, r->model.task[i]));
	return 0;
}

/* Before its parent is visited for the last time, which takes the report of it (task/children.c). */
static int stop_stopped(struct restore *r, struct task *task, struct err *err)
{
	if (task->state != TASK_STOPPED)
		return 0;
	pid_t *tid = arena_alloc(r->arena, task->n_threads * sizeof(*tid));
	if (!tid)
		return fail(err, -ENOMEM, "threads");
	for (size_t i = 0; i < task->n_threads; i++)
		tid[i] = task->thread[i].tid;
	return tracee_stop(tid, task->n_threads, err);
}

static int give_all(struct restore *r, struct task *task, struct err *err)
{
	int ret = forget_signals(r, task, err);

	return ret < 0 ? ret : each_thread(r, task, task_give, err);
}

static int unplant(struct restore *r, struct task *task, struct err *err)
{
	(void)r;
	return task->mm ? plant_remove(task->plant, task->pid, err) : 0;
}

static int impose_all(struct restore *r, struct task *task, struct err *err)
{
	return each_thread(r, task, task_impose, err);
}

int restore_become(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	int ret = each_task(r, stop_stopped, err);
	if (ret >= 0)
		ret = each_task(r, give_all, err);
	if (ret >= 0)
		ret = each_task(r, unplant, err);
	return ret < 0 ? ret : each_task(r, impose_all, err);
}

/* --- release */

static uint32_t microseconds(const struct timespec *from, const struct timespec *to)
{
	return (uint32_t)((to->tv_sec - from->tv_sec) * 1000000 +
			  (to->tv_nsec - from->tv_nsec) / 1000);
}

static int write_statistics(const struct restore *r, struct err *err)
{
	RestoreStatsEntry e = RESTORE_STATS_ENTRY__INIT;
	StatsEntry all = STATS_ENTRY__INIT;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	e.forking_time = microseconds(&r->started, &r->grown);
	e.restore_time = microseconds(&r->started, &now);
	e.has_pages_restored = true;
	e.pages_restored = r->pages;
	all.restore = &e;
	return stats_write(r->request->work_dir, &all, err);
}

static void let_run(const struct task *task)
{
	for (size_t i = 0; i < task->n_threads; i++)
		tracee_detach(task->thread[i].tid);
}

int restore_release(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	int ret = write_statistics(r, err);
	if (ret >= 0)
		ret = r->request->host->ready(r->request->host->ctx, r->init, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < r->model.n_tasks; i++)
		if (is_alive(r->model.task[i]))
			let_run(r->model.task[i]);
	return 0;
}
