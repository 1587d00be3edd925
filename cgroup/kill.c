/* kill.c - a signal to every process of a container
 *
 * cgroup.kill (v2, Linux 5.14) kills atomically, forks included.  Elsewhere the processes are
 * listed and signalled until a list holds nobody new: one that has a signal pending cannot
 * fork any more (fork(2) starts over), so with SIGKILL the lists shrink.
 *
 * A pid of the list may be another process by the time of kill(2).  So each is pinned by a
 * pidfd and the list read again: who still is on it, is who was pinned.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "cgroup/set.h"
#include "cgroup/value.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PINNED_MAX = 128, ROUNDS_MAX = 1000 };

struct pids {
	pid_t *pid;
	size_t n;
};

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool has(const struct pids *all, pid_t pid)
{
	return all->n && bsearch(&pid, all->pid, all->n, sizeof(pid), compare_pids);
}

/* Signals the pinned who are still in the set; the pid of everybody else becomes 0. */
static int signal_pinned(const struct pids *pinned, const int *pidfd, const struct pids *again,
			 int signal, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < pinned->n; i++) {
		pid_t pid = pinned->pid[i];

		if (pidfd[i] < 0 || !has(again, pid))
			pinned->pid[i] = 0;
		else if (pidfd_send_signal(pidfd[i], signal, NULL, 0) < 0 && errno != ESRCH)
			r = fail_errno(err, "send signal %d to process %d", signal, (int)pid);
	}
	return r;
}

static int pin_and_signal(const struct cgroup_set *set, const struct pids *fresh, int signal,
			  struct arena *arena, struct err *err)
{
	int pidfd[PINNED_MAX], r = 0;
	struct pids again;
	size_t n;

	for (n = 0; n < fresh->n && r >= 0; n++) {
		pidfd[n] = pidfd_open(fresh->pid[n], 0);
		if (pidfd[n] < 0 && errno != ESRCH)
			r = fail_errno(err, "pin process %d", (int)fresh->pid[n]);
	}
	if (r >= 0)
		r = cgroup_set_tasks(set, arena, &again.pid, &again.n, err);
	if (r >= 0)
		r = signal_pinned(fresh, pidfd, &again, signal, err);
	while (n-- > 0)
		scope_close(&pidfd[n]);
	return r;
}

/* done gets those of fresh that were signalled. */
static int add_done(struct pids *done, const struct pids *fresh, struct arena *arena,
		    struct err *err)
{
	struct pids all = {.pid = arena_alloc(arena, (done->n + fresh->n + 1) * sizeof(pid_t))};

	if (!all.pid)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < done->n; i++)
		all.pid[all.n++] = done->pid[i];
	for (size_t i = 0; i < fresh->n; i++)
		if (fresh->pid[i])
			all.pid[all.n++] = fresh->pid[i];
	qsort(all.pid, all.n, sizeof(pid_t), compare_pids);
	*done = all;
	return 0;
}

/* One list: signals those not in `done` and adds them to it.  Returns how many were new. */
static int signal_new(const struct cgroup_set *set, int signal, struct pids *done,
		      struct arena *arena, struct err *err)
{
	struct pids now, fresh = {};

	int r = cgroup_set_tasks(set, arena, &now.pid, &now.n, err);
	if (r < 0)
		return r;
	fresh.pid = arena_alloc(arena, (now.n + 1) * sizeof(pid_t));
	if (!fresh.pid)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < now.n; i++)
		if (!has(done, now.pid[i]))
			fresh.pid[fresh.n++] = now.pid[i];
	for (size_t i = 0; i < fresh.n && r >= 0; i += PINNED_MAX) {
		struct pids some = {.pid = fresh.pid + i, .n = fresh.n - i};

		some.n = some.n < PINNED_MAX ? some.n : PINNED_MAX;
		r = pin_and_signal(set, &some, signal, arena, err);
	}
	if (r >= 0)
		r = add_done(done, &fresh, arena, err);
	return r < 0 ? r : (int)fresh.n;
}

/* Only where v2 is the one layout: in hybrid a process may have left the v2 cgroup alone. */
static bool can_kill_at_once(const struct cgroup_set *set, int signal)
{
	const struct group *v2 = set_group(set, "");

	return signal == SIGKILL && set->layout == CGROUP_V2 && v2 &&
	       value_exists(v2, "cgroup.kill");
}

int cgroup_set_kill(const struct cgroup_set *set, int signal, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct pids done = {};

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	int r = set_refuse_own(set_tasks_group(set), "kill", err);
	if (r < 0)
		return r;
	if (can_kill_at_once(set, signal))
		return value_write(set_group(set, ""), "", "cgroup.kill", "1", err);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		r = signal_new(set, signal, &done, arena, err);
		if (r <= 0)
			return r < 0 ? fail_in(err, "signal the container's processes") : 0;
	}
	return fail(err, -EBUSY,
		    "cgroup %s: its processes multiply faster than they are signalled",
		    set_tasks_group(set)->dir);
}
