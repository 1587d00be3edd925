/* origin.h - who made a mount: pure, from three lists */
#ifndef CKRUN_MNT_ORIGIN_H
#define CKRUN_MNT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

struct bundle_mount;
struct mountinfo;
struct mountinfo_mount;

enum mnt_origin {
	MNT_OF_TASK, /* nobody else made it */
	MNT_ROOT,
	MNT_BUNDLE,
	MNT_CGROUP, /* a hierarchy in a bundle mount of type "cgroup" */
	MNT_BELOW,  /* came with a bind mount, a protected path or the root file system */
};

/* A bundle mount and where its destination really is, links resolved. */
struct mnt_known {
	const struct bundle_mount *mount;
	const char *path;
	bool found;
};

struct mnt_seen {
	const struct mountinfo_mount *mount;
	enum mnt_origin origin;
	const struct bundle_mount *by; /* MNT_BUNDLE */
};

/* mnt_explain() - fills seen[i] for mount i of the container and sets `found` of those bundle
 * mounts that are there.  host may be NULL: then nothing came from below.  Returns how many
 * mounts are of tasks. */
size_t mnt_explain(const struct mountinfo *container, struct mnt_known *known, size_t n_known,
		   const struct mountinfo *host, struct mnt_seen *seen);

/* mnt_is_expected() - must a bundle mount of this type be there?  Paths to mask and to protect may
 * not exist. */
bool mnt_is_expected(const struct bundle_mount *mount);

#endif
