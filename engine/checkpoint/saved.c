/* saved.c - the way back for tasks whose checkpoint was killed
 *
 * When a tracer dies its tasks run on from wherever they are: at their own code if they were
 * only stopped, in planted code if they were visited; there they stop themselves.
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
#include "engine/kernel/status.h"
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

static int save_thread(const struct task *task, const struct thread *thread, struct saved *ret,
		       struct err *err)
{
	struct stat_task stat;

	int r = stat_read(task->pid, thread->tid, &stat, err);
	if (r >= 0)
		*ret = (struct saved){task->pid, thread->tid, stat.starttime, thread->sigmask,
				      thread->regs};
	return r;
}

int checkpoint_save(const struct checkpoint *c, struct err *err)
{
	size_t n = count_threads(&c->model), at = 0;
	struct saved *all = arena_alloc(c->arena, n * sizeof(*all));

	if (!all)
		return fail(err, -ENOMEM, "registers");
	for (size_t t = 0; t < c->model.n_tasks; t++)
		for (size_t i = 0; i < c->model.task[t]->n_threads; i++) {
			const struct task *task = c->model.task[t];
			int r = save_thread(task, &task->thread[i], &all[at++], err);
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

/* What SigBlk shows of a mask of ones: SIGKILL and SIGSTOP cannot be blocked, and the kernel
 * unblocks SIGTRAP when a thread is stepped through an instruction. */
#define SIG_BIT(sig) (1ULL << ((sig)-1))
#define ALL_BLOCKED (~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP) | SIG_BIT(SIGTRAP)))

/* still_ours() - it was not let go before the end: its signals are blocked, and not by itself */
static bool still_ours(const struct saved *s, struct arena *arena)
{
	struct status_task status;
	struct stat_task stat;
	struct err ignored = {};

	if (stat_read(s->pid, s->tid, &stat, &ignored) < 0 || stat.starttime != s->starttime ||
	    status_read(s->pid, s->tid, arena, &status, &ignored) < 0)
		return false;
	return (status.sig_blocked & ALL_BLOCKED) == ALL_BLOCKED &&
	       ((s->sigmask & ALL_BLOCKED) != ALL_BLOCKED || plant_find(s->pid));
}

static int stop_thread(const struct saved *s, struct err *err)
{
	int stopsig;

	int r = tracee_seize(s->tid, TASKS_SURVIVE_US, err);
	return r < 0 ? r : tracee_wait(s->tid, STOP_MS, &stopsig, err);
}

static int unplant(const struct saved *s, struct err *err)
{
	scoped(plant_close) struct plant plant = {.mem = -1};
	uint64_t at = plant_find(s->pid);

	if (!at)
		return 0;
	int r = plant_open(s->pid, &plant, err);
	plant.at = at;
	return r < 0 ? r : plant_remove(&plant, s->tid, err);
}

static int give_back(const struct saved *s, struct err *err)
{
	int r = unplant(s, err);

	if (r >= 0)
		r = tracee_set_regs(s->tid, &s->regs, err);
	if (r >= 0)
		r = tracee_set_sigmask(s->tid, s->sigmask, err);
	return r;
}

static int stop_threads(struct saved *all, bool *ours, size_t n, struct arena *arena,
			struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		ours[i] = still_ours(&all[i], arena);
		if (ours[i] && stop_thread(&all[i], err) < 0)
			return fail_in(err, "thread %d", all[i].tid);
	}
	return 0;
}

static void let_go(const struct saved *all, const bool *ours, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!ours[i])
			continue;
		tracee_detach(all[i].tid);
		if (all[i].tid == all[i].pid) /* it may have stopped itself */
			kill(all[i].pid, SIGCONT);
	}
}

/* Sockets that were held still for the checkpoint go on. */
static int release_files(const struct cgroup_set *cgroup, struct arena *arena, struct err *err)
{
	const struct checkpoint_request request = {.cgroup = cgroup};
	struct checkpoint c = {.request = &request, .arena = arena, .model = {.arena = arena}};

	c.fds.model = &c.model;
	int r = checkpoint_find_tasks(&c, err);
	if (r == -ESRCH) { /* nobody is left */
		*err = (struct err){0};
		return 0;
	}
	if (r >= 0)
		r = checkpoint_meet_all_files(&c, err);
	c.prepared = c.model.n_files;
	checkpoint_forget(&c, FATE_RUN);
	return r;
}

int recover(const struct cgroup_set *cgroup, int state_dir, bool was_paused, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct err ignored = {};
	struct saved *all = NULL;
	size_t n;

	if (!arena)
		return fail(err, -ENOMEM, "recover");
	int r = load_saved(state_dir, arena, &all, &n, err);
	bool *ours = r < 0 ? NULL : arena_alloc(arena, n * sizeof(*ours));
	if (!ours)
		return r < 0 ? r : fail(err, -ENOMEM, "recover");
	r = cgroup_set_thaw(cgroup, err);
	if (r >= 0)
		r = stop_threads(all, ours, n, arena, err);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = ours[i] ? give_back(&all[i], err) : 0;
	if (r >= 0)
		r = release_files(cgroup, arena, err);
	if (was_paused)
		cgroup_set_freeze(cgroup, FREEZE_MS, &ignored);
	let_go(all, ours, n);
	if (r >= 0)
		unlinkat(state_dir, ENGINE_SAVED, 0);
	return r;
}
