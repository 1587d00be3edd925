/* saved.c - the way back for tasks whose checkpoint was killed
 *
 * When a tracer dies its tasks run on from wherever they are.  Threads that were only stopped are
 * at their own code and need nothing.  Those that were visited wait in planted code: they get
 * back the registers and the mask that were saved before.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/stat.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { FREEZE_MS = 10000, STOP_MS = 10000 };

struct saved {
	pid_t pid, tid;
	uint64_t starttime; /* of the thread: a pid may have been used again */
	uint64_t sigmask;
	struct user_regs_struct regs;
};

static size_t count_threads(const struct model *model)
{
	size_t n = 0;

	for (size_t t = 0; t < model->n_tasks; t++)
		n += model->task[t]->n_threads;
	return n;
}

static int save_thread(struct checkpoint *c, const struct task *task, struct thread *thread,
		       struct saved *ret, struct err *err)
{
	struct stat_task *stat = arena_new_struct(c->arena, struct stat_task);

	if (!stat)
		return fail(err, -ENOMEM, "registers");
	int r = stat_read(task->pid, thread->tid, stat, err);
	if (r < 0)
		return r;
	thread->stat = stat;
	*ret = (struct saved){task->pid, thread->tid, stat->starttime, thread->sigmask,
			      thread->regs};
	return 0;
}

int checkpoint_save(struct checkpoint *c, struct err *err)
{
	size_t n = count_threads(&c->model), at = 0;
	struct saved *all = arena_alloc(c->arena, n * sizeof(*all));

	if (!all)
		return fail(err, -ENOMEM, "registers");
	for (size_t t = 0; t < c->model.n_tasks; t++)
		for (size_t i = 0; i < c->model.task[t]->n_threads; i++) {
			struct task *task = c->model.task[t];
			int r = save_thread(c, task, &task->thread[i], &all[at++], err);
			if (r < 0)
				return r;
		}
	return file_replace(c->request->state_dir, ENGINE_SAVED, all, n * sizeof(*all), 0600,
			    err);
}

void checkpoint_unsave(const struct checkpoint *c)
{
	unlinkat(c->request->state_dir, ENGINE_SAVED, 0);
}

/* --- recover */

static int load_saved(int dir, struct arena *arena, struct saved **ret, size_t *ret_n,
		      struct err *err)
{
	struct stat st;

	*ret_n = 0;
	scoped_fd int fd = openat(dir, ENGINE_SAVED, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "open %s", ENGINE_SAVED);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "size of %s", ENGINE_SAVED);
	*ret = arena_alloc(arena, (size_t)st.st_size);
	if (!*ret)
		return fail(err, -ENOMEM, "%s", ENGINE_SAVED);
	if (read(fd, *ret, (size_t)st.st_size) != st.st_size)
		return fail_errno(err, "read %s", ENGINE_SAVED);
	*ret_n = (size_t)st.st_size / sizeof(**ret);
	return 0;
}

static bool is_same(const struct saved *s)
{
	struct stat_task stat;
	struct err ignored = {};

	return stat_read(s->pid, s->tid, &stat, &ignored) == 0 &&
	       stat.starttime == s->starttime;
}

static int stop_thread(const struct saved *s, struct user_regs_struct *ret, struct err *err)
{
	int stopsig;

	int r = tracee_seize(s->tid, TASKS_SURVIVE_US, err);
	if (r >= 0)
		r = tracee_wait(s->tid, STOP_MS, &stopsig, err);
	return r < 0 ? r : tracee_regs(s->tid, ret, err);
}

static int unplant(const struct saved *s, uint64_t at, struct err *err)
{
	scoped(plant_close) struct plant plant = {.mem = -1};

	int r = plant_open(s->pid, &plant, err);
	plant.at = at;
	return r < 0 ? r : plant_remove(&plant, s->tid, err);
}

/* One process: its threads are next to each other, the leader first. */
struct way_back {
	const struct saved *thread;
	size_t n;
	uint64_t blob; /* 0: nothing was planted, or all was taken out again */
};

static int stop_process(const struct way_back *w, bool *visited, struct err *err)
{
	struct user_regs_struct regs;

	for (size_t i = 0; i < w->n; i++) {
		if (!is_same(&w->thread[i]))
			continue;
		int r = stop_thread(&w->thread[i], &regs, err);
		if (r < 0)
			return fail_in(err, "thread %d", w->thread[i].tid);
		visited[i] = regs.rip - w->blob < PLANT_SIZE;
	}
	return 0;
}

static int give_back(const struct way_back *w, const bool *visited, struct err *err)
{
	int r = 0;

	for (size_t i = w->n; i-- > 0 && r >= 0;) {
		const struct saved *s = &w->thread[i];

		if (visited[i])
			r = tracee_set_regs(s->tid, &s->regs, err);
		if (r >= 0 && !i)
			r = unplant(s, w->blob, err);
		if (r >= 0 && visited[i])
			r = tracee_set_sigmask(s->tid, s->sigmask, err);
	}
	return r;
}

static int free_process(const struct way_back *w, struct arena *arena, struct err *err)
{
	bool *visited = arena_alloc(arena, w->n * sizeof(*visited));

	if (!visited)
		return fail(err, -ENOMEM, "recover");
	int r = stop_process(w, visited, err);
	return r < 0 ? r : give_back(w, visited, err);
}

static void let_go(const struct way_back *w)
{
	for (size_t i = 0; i < w->n; i++)
		tracee_detach(w->thread[i].tid);
	kill(w->thread[0].pid, SIGCONT); /* it may have stopped itself */
}

/* Sockets that were held still for the checkpoint go on.  Tasks come and go meanwhile. */
static void release_files(const struct cgroup_set *cgroup, struct arena *arena)
{
	const struct checkpoint_request request = {.cgroup = cgroup};
	struct checkpoint c = {.request = &request, .arena = arena, .model = {.arena = arena}};
	struct err ignored = {};

	c.fds.model = &c.model;
	if (checkpoint_find_tasks(&c, &ignored) >= 0)
		checkpoint_meet_all_files(&c);
	c.prepared = c.model.n_files;
	checkpoint_forget(&c, FATE_RUN);
}

/* next_process() - the threads from `all` on that belong to one process */
static struct way_back next_process(const struct saved *all, size_t n)
{
	struct way_back w = {
		.thread = all, .n = 1, .blob = is_same(all) ? plant_find(all->pid) : 0};

	while (w.n < n && all[w.n].pid == all->pid)
		w.n++;
	return w;
}

int recover(const struct cgroup_set *cgroup, int state_dir, bool was_paused, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct err ignored = {};
	struct saved *all = NULL;
	size_t n, n_stopped = 0;

	if (!arena)
		return fail(err, -ENOMEM, "recover");
	int r = load_saved(state_dir, arena, &all, &n, err);
	struct way_back *stopped = r < 0 ? NULL : arena_alloc(arena, n * sizeof(*stopped));
	if (!stopped)
		return r < 0 ? r : fail(err, -ENOMEM, "recover");
	r = cgroup ? cgroup_set_thaw(cgroup, err) : 0;
	for (size_t at = 0; at < n && r >= 0;) {
		struct way_back w = next_process(all + at, n - at);

		at += w.n;
		if (!w.blob)
			continue;
		stopped[n_stopped++] = w;
		r = free_process(&w, arena, err);
	}
	if (cgroup)
		release_files(cgroup, arena);
	if (cgroup && was_paused)
		cgroup_set_freeze(cgroup, FREEZE_MS, &ignored);
	for (size_t i = 0; i < n_stopped; i++)
		let_go(&stopped[i]);
	if (r >= 0)
		unlinkat(state_dir, ENGINE_SAVED, 0);
	return r;
}
