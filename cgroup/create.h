/* create.h - making one cgroup: v1.c and v2.c know how their kind is born */
#ifndef CKRUN_CGROUP_CREATE_H
#define CKRUN_CGROUP_CREATE_H

#include "cgroup/set.h"

/* Make the group's directory and the missing ones above it, ready to take tasks.  Existing
 * directories are used as they are. */
int v1_create(const struct group *group, struct err *err);
int v2_create(const struct group *group, enum cgroup_layout layout, struct err *err);

/* Every directory from below the mount point down to the group, in turn.  Negative
 * stops. */
typedef int create_step(const struct group *group, const char *dir, void *ctx, struct err *err);
int create_each_level(const struct group *group, create_step *step, void *ctx, struct err *err);

/* create_mkdir() - a step: make it unless it exists. */
int create_mkdir(const struct group *group, const char *dir, void *ctx, struct err *err);

#endif
