/* set.h - inside a struct cgroup_set, for the rooms of this folder */
#ifndef CKRUN_CGROUP_SET_H
#define CKRUN_CGROUP_SET_H

#include "cgroup/layout.h"

/* The container's cgroup in one hierarchy. */
struct group {
	const struct hierarchy *h;
	const char *name; /* below the mount point, no slash in front: "machine/web" */
	const char *dir;  /* mount point and name */
};

struct cgroup_set {
	struct arena *arena;
	enum cgroup_layout layout;
	struct group *group;
	size_t n;
};

/* set_group() - the group whose hierarchy has the controller; "" is v2; NULL: none. */
const struct group *set_group(const struct cgroup_set *set, const char *controller);

/* set_tasks_group() - the hierarchy that says which tasks the container has: the v1 freezer's,
 * else v2, else the first one. */
const struct group *set_tasks_group(const struct cgroup_set *set);

/* set_refuse_own() - -EDEADLK if we ourselves are in the group or below; verb says to what end:
 * "freeze". */
int set_refuse_own(const struct group *group, const char *verb, struct err *err);

/* set_path_clean() - pure: "//a/./b/" -> "a/b".  -EINVAL for ".." and the root. */
int set_path_clean(struct arena *arena, const char *path, char **ret, struct err *err);

#endif
