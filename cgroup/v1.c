/* v1.c - how a v1 cgroup is born
 *
 * A new cpuset has no cpus and no memory nodes, and refuses tasks (ENOSPC) until it has both;
 * they are taken from the cgroup above, from the top down.  Since Linux 5.11 memory cgroups
 * are always hierarchical: memory.use_hierarchy needs no care.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/create.h"
#include "cgroup/lib.h"
#include "cgroup/value.h"
#include "runtime/base/err.h"

static int inherit(const struct group *child, const char *file, struct err *err)
{
	char dir[PATH_MAX], value[4096];
	struct group parent = {.h = child->h, .dir = dir};

	int r = value_read(child, "cpuset", file, value, sizeof(value), err);
	if (r < 0 || *value)
		return r;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(child->dir, '/') - child->dir),
		 child->dir);
	parent.name = layout_below(dir, child->h->mount);
	r = value_read(&parent, "cpuset", file, value, sizeof(value), err);
	if (r < 0)
		return r;
	return value_write(child, "cpuset", file, value, err);
}

static int fill_cpuset(const struct group *group, const char *dir, void *ctx, struct err *err)
{
	struct group level = {.h = group->h, .dir = dir};

	(void)ctx;
	level.name = layout_below(dir, group->h->mount);
	int r = inherit(&level, "cpuset.cpus", err);
	return r < 0 ? r : inherit(&level, "cpuset.mems", err);
}

int v1_create(const struct group *group, struct err *err)
{
	char first[64];
	int r;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(group->h->controllers, ","),
		 group->h->controllers);
	if (lib_knows(first, group->h->mount)) {
		r = lib_create(first, group->name, err);
		if (r < 0)
			return fail_in(err, "cgroup %s", group->dir);
	} else {
		r = create_each_level(group, create_mkdir, NULL, err);
	}
	if (r >= 0 && layout_has(group->h->controllers, "cpuset"))
		r = create_each_level(group, fill_cpuset, NULL, err);
	return r;
}
