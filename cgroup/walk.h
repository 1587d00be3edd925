/* walk.h - a cgroup and every cgroup below it */
#ifndef CKRUN_CGROUP_WALK_H
#define CKRUN_CGROUP_WALK_H

struct err;

enum walk_order { PARENTS_FIRST, CHILDREN_FIRST };

/* dir is open on the cgroup with the path, which is relative to where the walk began ("" at
 * first).  With CHILDREN_FIRST its children have been visited.  Negative stops the walk. */
typedef int walk_visit(int dir, const char *path, void *ctx, struct err *err);

/* walk() - cgroups that vanish meanwhile are passed over, but for the first: -ENOENT. */
int walk(const char *dir, enum walk_order order, walk_visit *visit, void *ctx, struct err *err);

#endif
