#include <stdio.h>
#include <string.h>

#include "cgroup/set.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int set_path_clean(struct arena *arena, const char *path, char **ret, struct err *err)
{
	char *clean = arena_alloc(arena, strlen(path) + 2), *to = clean;

	if (!clean)
		return fail(err, -ENOMEM, "out of memory");
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");

		if (len == 2 && !strncmp(at, "..", 2))
			return fail(err, -EINVAL, "cgroup path \"%s\" has \"..\" in it", path);
		if (!len || (len == 1 && *at == '.'))
			continue;
		if (to > clean)
			*to++ = '/';
		to = mempcpy(to, at, len);
	}
	if (to == clean)
		return fail(err, -EINVAL, "cgroup path \"%s\" is no cgroup of its own", path);
	*ret = clean;
	return 0;
}

const struct group *set_group(const struct cgroup_set *set, const char *controller)
{
	for (size_t i = 0; i < set->n; i++)
		if (layout_has(set->group[i].h->controllers, controller))
			return &set->group[i];
	return NULL;
}

const struct group *set_tasks_group(const struct cgroup_set *set)
{
	const struct group *group = set_group(set, "freezer");

	if (!group)
		group = set_group(set, "");
	return group ? group : &set->group[0];
}

int set_refuse_own(const struct group *group, const char *verb, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	const char *own;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	int r = layout_own(arena, group->h, &own, err);
	if (r < 0)
		return r;
	if (own && layout_below(own, group->name))
		return fail(err, -EDEADLK, "cannot %s cgroup /%s: ckrun itself runs in it",
			    verb, group->name);
	return 0;
}

/* Where a relative path starts.  A v2 cgroup with processes in it cannot give controllers to
 * its children ("no internal processes"), so there it is beside our own, not below. */
static int relative_base(const struct hierarchy *h, const char **ret_own, int *ret_len,
			 struct err *err)
{
	const char *own = layout_below(h->own, h->root);

	if (!own)
		return fail(err, -EINVAL, "our own cgroup %s is not below the mount %s", h->own,
			    h->mount);
	const char *cut = h->v2 ? strrchr(own, '/') : own + strlen(own);
	*ret_own = own;
	*ret_len = cut ? (int)(cut - own) : 0;
	return 0;
}

static int name_group(struct arena *arena, const struct hierarchy *h, const char *clean,
		      bool relative, struct group *ret, struct err *err)
{
	const char *base = "";
	int len = 0;

	if (relative && relative_base(h, &base, &len, err) < 0)
		return fail_in(err, "relative cgroup path \"%s\"", clean);
	ret->h = h;
	ret->name = arena_printf(arena, "%.*s%s%s", len, base, len ? "/" : "", clean);
	ret->dir = arena_printf(arena, "%s/%s", h->mount, ret->name);
	return ret->name && ret->dir ? 0 : fail(err, -ENOMEM, "out of memory");
}

static struct cgroup_set *new_set(struct arena *arena, const struct hierarchies *all, size_t n)
{
	struct cgroup_set *set = arena_new_struct(arena, struct cgroup_set);

	if (!set)
		return NULL;
	set->arena = arena;
	set->layout = layout_of(all);
	set->group = arena_alloc(arena, n * sizeof(*set->group));
	return set->group ? set : NULL;
}

int cgroup_set_open(struct arena *arena, const char *path, struct cgroup_set **ret,
		    struct err *err)
{
	struct hierarchies all;
	char *clean;

	int r = layout_read(arena, &all, err);
	if (r < 0)
		return r;
	if (!all.n)
		return fail(err, -ENOENT, "no cgroup hierarchy is mounted");
	r = set_path_clean(arena, path, &clean, err);
	if (r < 0)
		return r;
	struct cgroup_set *set = new_set(arena, &all, all.n);
	if (!set)
		return fail(err, -ENOMEM, "out of memory");
	for (; set->n < all.n; set->n++) {
		r = name_group(arena, &all.item[set->n], clean, path[0] != '/',
			       &set->group[set->n], err);
		if (r < 0)
			return r;
	}
	*ret = set;
	return 0;
}

int cgroup_set_paths(const struct cgroup_set *set, struct arena *arena,
		     const struct cgroup_path **ret, size_t *ret_n, struct err *err)
{
	struct cgroup_path *paths = arena_alloc(arena, set->n * sizeof(*paths));

	if (!paths)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < set->n; i++) {
		paths[i].controllers = set->group[i].h->controllers;
		paths[i].dir = set->group[i].dir;
	}
	*ret = paths;
	*ret_n = set->n;
	return 0;
}

static int reopen_group(struct arena *arena, const struct hierarchies *all,
			const struct cgroup_path *path, struct group *ret, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct hierarchy *h = &all->item[i];
		const char *name = layout_below(path->dir, h->mount);

		if (strcmp(h->controllers, path->controllers) != 0 || !name || !*name)
			continue;
		ret->h = h;
		ret->name = arena_strdup(arena, name);
		ret->dir = arena_strdup(arena, path->dir);
		return ret->name && ret->dir ? 0 : fail(err, -ENOMEM, "out of memory");
	}
	return fail(err, -ENOENT, "cgroup %s: its hierarchy (%s) is not mounted there",
		    path->dir, *path->controllers ? path->controllers : "cgroup v2");
}

int cgroup_set_reopen(struct arena *arena, const struct cgroup_path *paths, size_t n,
		      struct cgroup_set **ret, struct err *err)
{
	struct hierarchies all;

	int r = layout_read(arena, &all, err);
	if (r < 0)
		return r;
	if (!n)
		return fail(err, -ENOENT, "the container has no cgroup");
	struct cgroup_set *set = new_set(arena, &all, n);
	if (!set)
		return fail(err, -ENOMEM, "out of memory");
	for (; set->n < n; set->n++) {
		r = reopen_group(arena, &all, &paths[set->n], &set->group[set->n], err);
		if (r < 0)
			return r;
	}
	*ret = set;
	return 0;
}

const char *cgroup_set_path(const struct cgroup_set *set, const char *controller)
{
	const struct group *group = set_group(set, controller);

	return group ? group->dir : NULL;
}
