/* remove.c - rmdir(2) from the leaves up
 *
 * A task that was killed leaves its cgroups late in its exit, after its parent may have been
 * told: until then rmdir says EBUSY.  The wait for it starts at 50 us and doubles up to 5 ms.
 * libcgroup's own removal moves the tasks into the parent cgroup first, where nobody would
 * find them again: it is not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup/tasks.h"
#include "cgroup/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { FIRST_WAIT_US = 50, LONGEST_WAIT_US = 5000, PATIENCE_US = 1000 * 1000 };

static bool is_gone(void)
{
	return errno == ENOENT || errno == ENODEV;
}

static int fail_busy(const struct group *group, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct err ignored;
	pid_t *pid;
	size_t n;

	if (arena && tasks_of_group(group, "cgroup.procs", arena, &pid, &n, &ignored) >= 0 && n)
		return fail(err, -EBUSY, "cgroup %s: process %d is still in it", group->dir,
			    (int)pid[0]);
	return fail(err, -EBUSY, "cgroup %s is still in use", group->dir);
}

struct wait {
	long next_us, spent_us;
};

static bool wait_longer(struct wait *w)
{
	const struct timespec pause = {.tv_nsec = w->next_us * 1000};

	if (w->spent_us >= PATIENCE_US)
		return false;
	nanosleep(&pause, NULL);
	w->spent_us += w->next_us;
	w->next_us = w->next_us * 2 < LONGEST_WAIT_US ? w->next_us * 2 : LONGEST_WAIT_US;
	return true;
}

/* Visited children first, so a child that stays lets its parents fail later. */
static int remove_child(int dir, const char *path, void *ctx, struct err *err)
{
	const char *name = strrchr(path, '/');
	scoped_fd int above = *path ? openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	(void)ctx;
	if (above < 0)
		return 0;
	if (unlinkat(above, name ? name + 1 : path, AT_REMOVEDIR) < 0 && !is_gone() &&
	    errno != EBUSY)
		return fail_errno(err, "remove cgroup %s", path);
	return 0;
}

static int remove_group(const struct group *group, struct wait *w, struct err *err)
{
	struct err here = {};

	while (rmdir(group->dir) < 0) {
		if (is_gone())
			return 0;
		if (errno != EBUSY)
			return fail_errno(err, "remove cgroup %s", group->dir);
		int r = walk(group->dir, CHILDREN_FIRST, remove_child, NULL, &here);
		if (r < 0 && r != -ENOENT) {
			*err = here;
			return r;
		}
		if (rmdir(group->dir) == 0 || is_gone())
			return 0;
		if (!wait_longer(w))
			return fail_busy(group, err);
	}
	return 0;
}

int cgroup_set_remove(const struct cgroup_set *set, struct err *err)
{
	struct wait w = {.next_us = FIRST_WAIT_US};
	struct err here = {};
	int r = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (remove_group(&set->group[i], &w, &here) >= 0 || r < 0)
			continue;
		*err = here;
		r = here.code;
	}
	return r;
}
