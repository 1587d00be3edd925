/* mnt.h - the container's mounts, and the contents of its tmpfs mounts
 *
 * Every mount is one of these:
 *	root      the root file system
 *	bundle    its bundle made it: at that destination, of that type
 *	below     it came with a bind mount or with the root file system from the host, which has
 *	          the same mount at the end of the same path
 *	cgroup    of a bundle mount of type "cgroup", and the hierarchies in it
 * and whatever else is there was made by a task and is refused by name; so is a mount of the
 * bundle that a task took away.
 *
 * Carried are the contents of tmpfs mounts that the bundle makes anew ("tmpfs" in the bundle,
 * not bound): POSIX tar archives with pax records, gzip framing, one per file system, as the
 * format has them, so that tar lists them.  What other mounts cover stays out: the runtime puts
 * mounts and what they stand on there again.  Sockets, which tar does not know, are empty
 * files with a record "CKRUN.type=socket".
 *
 * Bundle mounts are those of config.json plus what the runtime makes by itself: maskedPaths as
 * type "masked", readonlyPaths as "readonly", /dev/console with a terminal as "bind"
 * (runtime/container/bundle_mounts.h lists them).
 */
#ifndef CKRUN_MNT_MNT_H
#define CKRUN_MNT_MNT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct bundle_mount;
struct err;
struct findings;
struct image_dir;
struct mnt_state;

struct mnt_scene {
	struct arena *arena;
	pid_t init;     /* of the container, in our pid namespace */
	int root;       /* its root directory, O_PATH */
	uint32_t ns_id; /* in the names of the image's files: mnt_ns_id of ids-PID */
	const struct bundle_mount *mount;
	size_t n_mounts;
	struct findings *refused; /* mnt_look() alone */
};

/* mnt_look() - while tasks stand still. */
int mnt_look(const struct mnt_scene *scene, struct mnt_state **ret, struct err *err);

/* mnt_dump() - mountpoints-ID.img and tmpfs-dev-DEV.tar.gz.img. */
int mnt_dump(struct image_dir *image, const struct mnt_state *state, struct err *err);

/* mnt_restore() - the fresh container's mounts stand, none of its tasks runs, nothing of it is
 * opened yet: fill its tmpfs mounts.  What stands there is replaced, what the image has not is
 * removed, but for mount points.  No name in an archive leads out of its mount: each is
 * opened below it without following links.
 * REFUSED: the image has a mount that the fresh bundle does not make. */
int mnt_restore(const struct image_dir *image, const struct mnt_scene *scene, struct err *err);

#endif
