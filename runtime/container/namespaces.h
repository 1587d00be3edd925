/* namespaces.h - the parent's side of making a child in its namespaces
 *
 * Namespaces to make are made by clone3(2) itself, but for cgroup (its root is the cgroup of
 * who asks, so the child must be in its own first) and time (offsets are written before anyone
 * enters).  Namespaces given by path are entered by the caller for the moment of clone3(2), so
 * that the child is born in them and no process stands in between: net, ipc, uts, cgroup, pid
 * and time can be left again.  A mount namespace by path is joined by the child.  A user
 * namespace cannot be left: a process of the moment joins it and clones with CLONE_PARENT.
 */
#ifndef CKRUN_CONTAINER_NAMESPACES_H
#define CKRUN_CONTAINER_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct init;

/* namespaces_check() - a wish that cannot be: no mount namespace, an unknown combination. */
int namespaces_check(const struct init *init, struct err *err);

/* namespaces_clone() - the child runs init_main() and does not come back here.  sync is the
 * parent's end of init->sync.  cgroup_dir: a v2 cgroup to be born in (CLONE_INTO_CGROUP), or -1. */
int namespaces_clone(struct init *init, int sync, int cgroup_dir, pid_t *ret_pid,
		     int *ret_pidfd, struct err *err);

/* namespaces_maps() - write uid_map and gid_map of a child with a new user namespace. */
bool namespaces_need_maps(const struct init *init);
int namespaces_maps(const struct init *init, pid_t pid, struct err *err);

#endif
