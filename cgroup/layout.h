/* layout.h - which cgroup hierarchies are mounted where, and where in them we are
 *
 * Two texts of the kernel tell it together:
 *	/proc/self/cgroup     "4:memory:/a/b"  each hierarchy, its controllers, our own cgroup in it
 *	                      "0::/a/b"        the v2 hierarchy
 *	/proc/self/mountinfo  where each is mounted, and which part of it (field "root")
 * Both show paths as seen from our cgroup namespace, so they can be compared.
 */
#ifndef CKRUN_CGROUP_LAYOUT_H
#define CKRUN_CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"

struct hierarchy {
	const char *controllers; /* "cpu,cpuacct", "name=systemd"; "" is v2 */
	const char *mount;       /* where it is mounted */
	const char *root;        /* which cgroup is at the mount point: "/" is all of it */
	const char *own;         /* our own cgroup, as /proc/self/cgroup has it */
	bool v2;
};

struct hierarchies {
	struct hierarchy *item; /* in the order of the mounts; each hierarchy once */
	size_t n;
};

/* Is the file system with this device number what one finds at the mount point, or is it
 * covered by another mount? */
typedef bool layout_probe(const char *mount, dev_t dev);

/* layout_parse() - pure; of several mounts of a hierarchy the first that the probe likes. */
int layout_parse(struct arena *arena, const char *self_cgroup, const char *mountinfo,
		 layout_probe *probe, struct hierarchies *ret, struct err *err);

int layout_read(struct arena *arena, struct hierarchies *ret, struct err *err);

enum cgroup_layout layout_of(const struct hierarchies *all);

/* layout_own() - our own cgroup in h now, copied to the arena: as below h->mount, "" if at the
 * mount point itself, NULL in *ret if the mount does not show it. */
int layout_own(struct arena *arena, const struct hierarchy *h, const char **ret,
	       struct err *err);

/* layout_below() - the path of cgroup relative to root ("" if the same); NULL: not below it. */
const char *layout_below(const char *cgroup, const char *root);

/* layout_has() - is the controller one of the comma-separated list? */
bool layout_has(const char *controllers, const char *controller);

#endif
