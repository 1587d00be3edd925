/* cgroups_rooms.h - what the rooms of sub-cgroups share */
#ifndef CKRUN_NS_CGROUPS_ROOMS_H
#define CKRUN_NS_CGROUPS_ROOMS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/ns/cgroups.h"

struct arena;

/* One hierarchy of the container. */
struct hierarchy_seen {
	const char *controllers; /* "cpu,cpuacct", "" for v2 */
	const char *dir;         /* the container's cgroup */
	const char *prefix;      /* the same as /proc/PID/cgroup names it, "/web" */
	const char **group;      /* below it, parents first, [0] is "" */
	size_t n_groups;
};

/* cgroups_first_name() - of "cpu,cpuacct" the first, which stands for the hierarchy. */
const char *cgroups_first_name(struct arena *arena, const char *controllers);

/* cgroups_describe() - the tree of one hierarchy with owners, modes and properties. */
int cgroups_describe(const struct hierarchy_seen *hierarchy, struct arena *arena,
		     CgControllerEntry **ret, struct err *err);

/* --- properties: files of a cgroup that are carried */

struct cgroup_property {
	const char *name;
	enum {
		FIRST, /* before anybody can enter: written when the cgroup is made */
		LATER, /* when everybody is in */
	} when;
};

/* cgroup_property_at() - the i-th of v1 or v2, in the order to write them; NULL past the last. */
const struct cgroup_property *cgroup_property_at(bool is_v2, size_t i);

/* properties_describe() - those that the cgroup open as `dir` has; of the container's own only
 * what tasks need for their sub-cgroups. */
enum whose_cgroup { CGROUP_OF_CONTAINER, CGROUP_OF_TASKS };
int properties_describe(int dir, bool is_v2, enum whose_cgroup whose, struct arena *arena,
			CgroupDirEntry *ret, struct err *err);

/* properties_restore() - those of one time that differ from what the fresh cgroup has. */
int properties_restore(int dir, bool is_v2, const CgroupDirEntry *entry, int when,
		       struct err *err);

/* file_line() - a small file below dir as a string without the last newline; -ENOENT and other
 * failures quietly. */
int file_line(int dir, const char *name, struct arena *arena, char **ret);

#endif
