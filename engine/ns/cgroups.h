/* cgroups.h - cgroups that tasks made below the container's, and who is in them
 *
 * cgroup.img  sets: the cgroup of a thread in each hierarchy, path "/container/sub" with
 *             cgns_prefix the length of "/container"; controllers: per hierarchy the tree of
 *             cgroups below the container's with owner, mode and limits.
 *             core tc.cg_set and thread_core.cg_set name the sets.
 * Carried     membership of every thread, owner and mode of the directories, and the limits
 *             listed in cgroups_properties.c.  The container's own cgroup is the bundle's.
 * Refused     a sub-cgroup that is frozen by itself.
 */
#ifndef CKRUN_NS_CGROUPS_H
#define CKRUN_NS_CGROUPS_H

#include "engine/image/schema/cgroup.pb-c.h"

struct cgroup_set;
struct err;
struct findings;
struct image_dir;
struct model;

/* cgroups_look() - tasks stand still and have their core records, the freezer is open.  Sets
 * cg_set in the records; *ret lives in the model's arena. */
int cgroups_look(const struct model *model, const struct cgroup_set *set,
		 struct findings *refused, CgroupEntry **ret, struct err *err);

int cgroups_dump(struct image_dir *image, const CgroupEntry *entry, struct err *err);

/* cgroups_make() - the directories below the fresh container's cgroup: before descriptors are
 * made.  *ret is NULL if the image says nothing. */
int cgroups_make(const struct image_dir *image, const struct model *model,
		 const struct cgroup_set *set, CgroupEntry **ret, struct err *err);

/* cgroups_enter() - every thread is there and has its tid in our pid namespace: move each to
 * where it was, then set the limits.  entry may be NULL. */
int cgroups_enter(const CgroupEntry *entry, const struct model *model,
		  const struct cgroup_set *set, struct err *err);

#endif
