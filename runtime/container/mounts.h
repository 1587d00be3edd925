/* mounts.h - kinds of mounts that need more than their type and options */
#ifndef CKRUN_CONTAINER_MOUNTS_H
#define CKRUN_CONTAINER_MOUNTS_H

struct err;
struct init;
struct oci_mount;

/* mounts_destination() - what to mount on: made if missing, of the type S_IFDIR or S_IFREG;
 * refused inside a procfs but for the files that may be covered there. */
int mounts_destination(const struct init *init, const struct oci_mount *mount,
		       unsigned int type, int *ret_fd, struct err *err);

/* mounts_cgroup() - types cgroup and cgroup2: what of the hierarchies is the container's. */
int mounts_cgroup(struct init *init, const struct oci_mount *mount, struct err *err);

/* mounts_copy() - everything below directory `from` into directory `to`: tmpcopyup. */
int mounts_copy(int from, int to, struct err *err);

#endif
