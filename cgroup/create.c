#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/create.h"
#include "cgroup/lib.h"
#include "cgroup/tasks.h"
#include "cgroup/value.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int create_each_level(const struct group *group, create_step *step, void *ctx, struct err *err)
{
	size_t mount = strlen(group->h->mount);
	char dir[PATH_MAX];

	if ((size_t)snprintf(dir, sizeof(dir), "%s", group->dir) >= sizeof(dir))
		return fail(err, -ENAMETOOLONG, "cgroup %.80s", group->dir);
	for (char *end = dir + mount; end && *end;) {
		end = strchr(end + 1, '/');
		if (end)
			*end = '\0';
		int r = step(group, dir, ctx, err);
		if (r < 0)
			return r;
		if (end)
			*end = '/';
	}
	return 0;
}

int create_mkdir(const struct group *group, const char *dir, void *ctx, struct err *err)
{
	(void)group;
	(void)ctx;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail_errno(err, "make cgroup %s", dir);
	return 0;
}

/* The first directory that is missing: what a failure has to remove again. */
static int find_missing(const struct group *group, const char *dir, void *ctx, struct err *err)
{
	size_t *len = ctx;

	(void)group;
	(void)err;
	if (!*len && access(dir, F_OK) < 0)
		*len = strlen(dir);
	return 0;
}

/* Removes the group and what is above it, down to the first `missing` bytes of its path. */
static void unmake(const struct group *group, size_t missing)
{
	char dir[PATH_MAX];

	if (!missing)
		return;
	snprintf(dir, sizeof(dir), "%s", group->dir);
	for (size_t len = strlen(dir); len >= missing; len = strlen(dir)) {
		rmdir(dir); /* another container may already live beside ours: then it stays */
		*strrchr(dir, '/') = '\0';
	}
}

/* An existing cgroup is taken over if nobody is in it.  A frozen one would stop our first task
 * before it runs. */
static int take_over(const struct group *group, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	pid_t *pid;
	size_t n;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	int r = tasks_of_group(group, "cgroup.procs", arena, &pid, &n, err);
	if (r < 0)
		return r;
	if (n)
		return fail(err, -EEXIST, "cgroup %s is in use: process %d is in it",
			    group->dir, (int)pid[0]);
	if (layout_has(group->h->controllers, "freezer"))
		return value_write(group, "freezer", "freezer.state", "THAWED", err);
	if (group->h->v2 && value_exists(group, "cgroup.freeze"))
		return value_write(group, "", "cgroup.freeze", "0", err);
	return 0;
}

static int create_one(const struct group *group, enum cgroup_layout layout, size_t *ret_missing,
		      struct err *err)
{
	size_t missing = 0;

	create_each_level(group, find_missing, &missing, err);
	int r = missing ? 0 : take_over(group, err);
	if (r < 0)
		return r;
	r = group->h->v2 ? v2_create(group, layout, err) : v1_create(group, err);
	if (r < 0)
		unmake(group, missing);
	else
		*ret_missing = missing;
	return r;
}

int cgroup_set_create(const struct cgroup_set *set, struct err *err)
{
	size_t *missing = arena_alloc(set->arena, set->n * sizeof(*missing));
	int r = 0;

	if (!missing)
		return fail(err, -ENOMEM, "out of memory");
	lib_forget();
	for (size_t i = 0; i < set->n; i++) {
		r = create_one(&set->group[i], set->layout, &missing[i], err);
		if (r >= 0)
			continue;
		while (i-- > 0)
			unmake(&set->group[i], missing[i]);
		return fail_in(err, "create cgroup");
	}
	return 0;
}

int cgroup_set_add(const struct cgroup_set *set, pid_t pid, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < set->n; i++) {
		/* not cgroup_attach_task_pid(): on v1 it moves one thread, not the process */
		int r = value_write(&set->group[i], "", "cgroup.procs", text, err);
		if (r < 0)
			return fail_in(err, "move process %d", (int)(pid ? pid : getpid()));
	}
	return 0;
}

int cgroup_set_enter(const struct cgroup_set *set, struct err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->group[i].h->v2)
			continue;
		if (value_write(&set->group[i], "", "tasks", "0", err) < 0)
			return fail_in(err, "enter the cgroup");
	}
	return 0;
}

bool cgroup_set_exists(const struct cgroup_set *set)
{
	return !access(set_tasks_group(set)->dir, F_OK);
}
