/* fill.c - the fresh container's mounts against those of the image; contents of its tmpfs */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/gzip.h"
#include "engine/mnt/rooms.h"
#include "engine/mnt/tar.h"
#include "engine/mnt/tree.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct filling {
	const struct image_dir *image;
	const struct mnt_scene *scene;
	struct mnt_seen *seen; /* of the fresh container */
	size_t n_seen;
};

/* The topmost mount there. */
static const struct mnt_seen *mount_at(const struct filling *f, const char *path)
{
	const struct mnt_seen *found = NULL;

	for (size_t i = 0; i < f->n_seen; i++)
		if (!strcmp(f->seen[i].mount->mountpoint, path))
			found = &f->seen[i];
	return found;
}

static bool must_be_there(const MntEntry *entry)
{
	const struct bundle_mount was = {.type = entry->bundle_type};

	/* which hierarchies there are is the host's affair */
	return entry->bundle_type && *entry->bundle_type && mnt_is_expected(&was) &&
	       strncmp(entry->bundle_type, "cgroup", 6) != 0;
}

static int fill(const struct filling *f, const struct mnt_seen *seen, enum image_file file,
		uint64_t id, struct err *err)
{
	scoped(gzip_in_drop) struct gzip_in *gzip = NULL;
	scoped(tar_in_drop) struct tar_in in = {.read = gzip_read};
	uint64_t mount;
	scoped_fd int dir = mnt_open(f->scene->root, seen->mount->mountpoint, &mount);

	if (dir < 0)
		return fail(err, dir, "%s", strerrordesc_np(-dir));
	if (mount != seen->mount->id)
		return fail(err, -EBUSY, "another mount covers it");
	int r = gzip_in_open(f->image, file, id, &gzip, err);
	in.ctx = gzip;
	if (r >= 0)
		r = tree_sweep(dir, err);
	return r < 0 ? r : tree_unpack(dir, &in, err);
}

static int restore_one(const struct filling *f, const MntEntry *entry, struct err *err)
{
	const struct mnt_seen *seen = mount_at(f, entry->mountpoint);
	enum image_file file = IMAGE_TMPFS_DEV;
	uint64_t id = entry->root_dev;

	if (!seen && must_be_there(entry))
		return refuse(
			err,
			"the image has a mount of %s at %s, which the bundle does not make",
			entry->bundle_type, entry->mountpoint);
	if (entry->fstype == FSTYPE__TMPFS && image_has(f->image, IMAGE_TMPFS, entry->mnt_id)) {
		file = IMAGE_TMPFS;
		id = entry->mnt_id;
	}
	if (entry->fstype != FSTYPE__TMPFS || !image_has(f->image, file, id) ||
	    (entry->bundle_type && strcmp(entry->bundle_type, "tmpfs") != 0))
		return 0;
	if (!seen || !mnt_is_filled(seen))
		return refuse(
			err,
			"the image has contents for a tmpfs at %s, where the bundle makes "
			"none",
			entry->mountpoint);
	return fill(f, seen, file, id, err) < 0 ? fail_in(err, "tmpfs at %s", entry->mountpoint)
						: 0;
}

static int see_fresh(struct filling *f, struct err *err)
{
	const struct mnt_scene *scene = f->scene;
	struct mnt_known *known;
	struct mountinfo info;
	int r = mountinfo_read(scene->init, scene->arena, &info, err);

	if (r >= 0)
		r = mnt_known(scene, &info, &known, err);
	if (r < 0)
		return r;
	f->n_seen = info.n;
	f->seen = arena_alloc(scene->arena, (info.n + 1) * sizeof(f->seen[0]));
	if (!f->seen)
		return fail(err, -ENOMEM, "mounts");
	mnt_explain(&info, known, scene->n_mounts, NULL, f->seen);
	return 0;
}

int mnt_restore(const struct image_dir *image, const struct mnt_scene *scene, struct err *err)
{
	struct filling f = {.image = image, .scene = scene};
	MntEntry **all;
	size_t n = 0;
	int r;

	if (!image_has(image, IMAGE_MNTS, scene->ns_id))
		return 0;
	r = image_get_all(image, IMAGE_MNTS, scene->ns_id, scene->arena, (void ***)&all, &n,
			  err);
	if (r >= 0)
		r = see_fresh(&f, err);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = restore_one(&f, all[i], err);
	return r;
}
