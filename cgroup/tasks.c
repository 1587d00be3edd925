/* tasks.c - which processes and threads a container has
 *
 * Seen   cgroup.procs     process ids, v1 and v2
 *        tasks            thread ids, v1
 *        cgroup.threads   thread ids, v2 (Linux 4.14)
 *        A process of a pid namespace beyond ours reads as 0.
 * Lost   zombies: the kernel leaves them out of these files (Linux 5.2).  They are found as
 *        children of those listed.
 * A threaded v2 cgroup has no cgroup.procs (EOPNOTSUPP): its processes are listed above it, in
 * the domain that it belongs to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/tasks.h"
#include "cgroup/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

struct listing {
	struct arena *arena;
	const char *file;
	pid_t *pid;
	size_t n;
};

static int add_pid(struct listing *l, long pid, struct err *err)
{
	if (!pid)
		return fail(err, -EXDEV, "a process in it is of a pid namespace beyond ours");
	pid_t *more = arena_grow(l->arena, l->pid, l->n, sizeof(*more));
	if (!more)
		return fail(err, -ENOMEM, "out of memory");
	l->pid = more;
	l->pid[l->n++] = (pid_t)pid;
	return 0;
}

static int list_group(int dir, const char *path, void *ctx, struct err *err)
{
	scoped_free char *text = NULL;
	struct listing *l = ctx;
	struct err here = {};
	int r = file_read(dir, l->file, &text, &here);

	/* a child that was just removed, or a threaded one */
	if (*path && (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP))
		return 0;
	if (r < 0) {
		*err = here;
		return fail_in(err, "cgroup %s", *path ? path : ".");
	}
	for (char *at = text, *end; *at; at = end + (*end == '\n')) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			return fail(err, -EPROTO, "%s: not a number: \"%.20s\"", l->file, at);
		r = add_pid(l, pid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort_unique(struct listing *l)
{
	size_t kept = 0;

	qsort(l->pid, l->n, sizeof(*l->pid), compare_pids);
	for (size_t i = 0; i < l->n; i++)
		if (!i || l->pid[i] != l->pid[i - 1])
			l->pid[kept++] = l->pid[i];
	l->n = kept;
}

int tasks_of_group(const struct group *group, const char *file, struct arena *arena,
		   pid_t **ret, size_t *ret_n, struct err *err)
{
	struct listing l = {.arena = arena, .file = file};

	int r = walk(group->dir, PARENTS_FIRST, list_group, &l, err);
	if (r < 0)
		return fail_in(err, "list the tasks of cgroup %s", group->dir);
	if (l.n)
		sort_unique(&l);
	*ret = l.pid;
	*ret_n = l.n;
	return 0;
}

int cgroup_set_tasks(const struct cgroup_set *set, struct arena *arena, pid_t **ret,
		     size_t *ret_n, struct err *err)
{
	return tasks_of_group(set_tasks_group(set), "cgroup.procs", arena, ret, ret_n, err);
}

int cgroup_set_threads(const struct cgroup_set *set, struct arena *arena, pid_t **ret,
		       size_t *ret_n, struct err *err)
{
	const struct group *group = set_tasks_group(set);

	return tasks_of_group(group, group->h->v2 ? "cgroup.threads" : "tasks", arena, ret,
			      ret_n, err);
}

int cgroup_set_is_empty(const struct cgroup_set *set, bool *ret_empty, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	pid_t *pid;
	size_t n;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	struct err here = {};
	int r = cgroup_set_tasks(set, arena, &pid, &n, &here);
	if (r < 0 && r != -EXDEV) {
		*err = here;
		return r;
	}
	*ret_empty = r >= 0 && !n;
	return 0;
}

struct paths {
	struct arena *arena;
	const char **path;
	size_t n;
};

static int note_path(int dir, const char *path, void *ctx, struct err *err)
{
	struct paths *all = ctx;
	const char **more = arena_grow(all->arena, all->path, all->n, sizeof(*more));
	const char *copy = arena_strdup(all->arena, path);

	(void)dir;
	if (!more || !copy)
		return fail(err, -ENOMEM, "out of memory");
	all->path = more;
	all->path[all->n++] = copy;
	return 0;
}

int cgroup_set_groups(const struct cgroup_set *set, const char *controller, struct arena *arena,
		      const char ***ret, size_t *ret_n, struct err *err)
{
	const struct group *group = set_group(set, controller);
	struct paths all = {.arena = arena};

	if (!group)
		return fail(err, -ENOENT, "this host has no cgroup controller %s", controller);
	int r = walk(group->dir, PARENTS_FIRST, note_path, &all, err);
	if (r < 0)
		return r;
	*ret = all.path;
	*ret_n = all.n;
	return 0;
}
