#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/set.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "cpu,cpuacct" mounted at .../cpu,cpuacct: links cpu and cpuacct.  One that is named as its
 * only controller has none. */
static int find_links(struct arena *arena, const char *controllers, struct cgroup_mount *m,
		      struct err *err)
{
	const char **link = NULL;
	char *list = arena_strdup(arena, controllers), *save = NULL;

	if (!list)
		return fail(err, -ENOMEM, "out of memory");
	for (char *c = strtok_r(list, ",", &save); c; c = strtok_r(NULL, ",", &save)) {
		if (!strcmp(c, m->name) || strchr(c, '='))
			continue;
		const char **more = arena_grow(arena, link, m->n_links, sizeof(*more));
		if (!more)
			return fail(err, -ENOMEM, "out of memory");
		link = more;
		link[m->n_links++] = c;
	}
	m->links = link;
	return 0;
}

static int describe(const struct group *group, enum cgroup_layout layout, struct arena *arena,
		    struct cgroup_mount *ret, struct err *err)
{
	const struct hierarchy *h = group->h;

	*ret = (struct cgroup_mount){
		.name = layout == CGROUP_V2 ? "" : last_of(h->mount),
		.type = h->v2 ? "cgroup2" : "cgroup",
		.options = h->controllers,
		.dir = group->dir,
	};
	return h->v2 ? 0 : find_links(arena, h->controllers, ret, err);
}

int cgroup_set_mounts(const struct cgroup_set *set, struct arena *arena,
		      const struct cgroup_mount **ret, size_t *ret_n, struct err *err)
{
	struct cgroup_mount *all = arena_alloc(arena, set->n * sizeof(*all));

	if (!all)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < set->n; i++) {
		int r = describe(&set->group[i], set->layout, arena, &all[i], err);
		if (r < 0)
			return r;
	}
	*ret = all;
	*ret_n = set->n;
	return 0;
}
