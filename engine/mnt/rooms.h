/* rooms.h - what the rooms of this folder share */
#ifndef CKRUN_MNT_ROOMS_H
#define CKRUN_MNT_ROOMS_H

#include "engine/image/schema/mnt.pb-c.h"
#include "engine/mnt/mnt.h"
#include "engine/mnt/origin.h"

struct mnt_state {
	struct mnt_scene scene;
	struct mnt_seen *seen;
	size_t n_seen;
};

/* mnt_open() - a directory below the container's root, over no link, O_RDONLY and without leaving
 * traces in access times; its mount.  -ENOENT ...: quietly, errno's number. */
int mnt_open(int root, const char *path, uint64_t *ret_mount);

/* mnt_known() - the bundle's mounts with links in their destinations resolved. */
struct mountinfo;
int mnt_known(const struct mnt_scene *scene, const struct mountinfo *info,
	      struct mnt_known **ret, struct err *err);

/* mnt_is_filled() - do we carry what is in it?  Into a read-only one no task could write. */
bool mnt_is_filled(const struct mnt_seen *seen);

/* entry_describe() - a mount as the image has it; strings are borrowed. */
void entry_describe(const struct mnt_seen *seen, MntEntry *ret);

/* mnt_kdev() - a device number as the kernel and the image write it: 12 and 20 bits. */
uint32_t mnt_kdev(dev_t dev);

#endif
