/* dump.c - the list of mounts, and an archive for each tmpfs of the bundle's */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "engine/engine.h"
#include "engine/image/record.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/gzip.h"
#include "engine/mnt/rooms.h"
#include "engine/mnt/tar.h"
#include "engine/mnt/tree.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

bool mnt_is_filled(const struct mnt_seen *seen)
{
	return seen->origin == MNT_BUNDLE && seen->by->type &&
	       !strcmp(seen->by->type, "tmpfs") && !strcmp(seen->mount->fstype, "tmpfs") &&
	       !(seen->mount->flags & MS_RDONLY);
}

static int put_list(struct image_dir *image, const struct mnt_state *state, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = image_writer_open(image, IMAGE_MNTS, state->scene.ns_id, &w, err);

	for (size_t i = 0; i < state->n_seen && r >= 0; i++) {
		MntEntry entry;

		entry_describe(&state->seen[i], &entry);
		r = record_put(w, &entry.base, err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

static int put_contents(struct image_dir *image, int dir, dev_t dev, struct err *err)
{
	scoped(gzip_out_drop) struct gzip_out *gzip = NULL;
	struct tar_out out = {.write = gzip_write};
	int r = gzip_out_open(image, IMAGE_TMPFS_DEV, mnt_kdev(dev), &gzip, err);

	out.ctx = gzip;
	if (r >= 0)
		r = tree_pack(dir, &out, err);
	return r < 0 ? r : gzip_out_close(&gzip, err);
}

/* The same file system may be mounted twice. */
static bool is_first(const struct mnt_state *state, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (state->seen[j].mount->dev == state->seen[i].mount->dev &&
		    mnt_is_filled(&state->seen[j]))
			return false;
	return true;
}

static int put_tmpfs(struct image_dir *image, const struct mnt_state *state,
		     const struct mountinfo_mount *m, struct err *err)
{
	uint64_t mount;
	scoped_fd int dir = mnt_open(state->scene.root, m->mountpoint, &mount);

	/* whole under another mount of the bundle: only the runtime could write there */
	if (dir >= 0 && mount != m->id)
		return 0;
	if (dir < 0)
		return fail(err, dir, "%s", strerrordesc_np(-dir));
	return put_contents(image, dir, m->dev, err);
}

int mnt_dump(struct image_dir *image, const struct mnt_state *state, struct err *err)
{
	int r = put_list(image, state, err);

	for (size_t i = 0; i < state->n_seen && r >= 0; i++) {
		const struct mnt_seen *seen = &state->seen[i];

		if (mnt_is_filled(seen) && is_first(state, i) &&
		    put_tmpfs(image, state, seen->mount, err) < 0)
			return fail_in(err, "tmpfs at %s", seen->mount->mountpoint);
	}
	return r;
}
