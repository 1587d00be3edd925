#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/image/amend.h"
#include "engine/image/inside.h"
#include "engine/image/partial.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int image_amend(int target, struct image_dir **ret, struct err *err)
{
	scoped(image_close) struct image_dir *dir = NULL;
	int partial;

	if (image_open(target, &dir, err) < 0)
		return err->code;
	if (partial_open(target, &partial, err) < 0)
		return err->code;
	close(dir->fd);
	dir->fd = partial;
	dir->writing = dir->amending = true;
	*ret = take_ptr(dir);
	return 0;
}

static int move_up(const struct image_dir *dir, const char *name, struct err *err)
{
	if (renameat(dir->fd, name, dir->target, name) < 0)
		return fail_errno(err, "%s", name);
	return 0;
}

static bool is_written(const struct image_dir *dir, const char *name)
{
	return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Of an image that has no manifest, every image file that was written. */
static int foreign_publish(const struct image_dir *dir, struct err *err)
{
	scoped(image_dir_stream_drop) DIR *d = image_dir_stream(dir->fd);
	struct dirent *entry;
	enum image_file file;
	uint64_t id;

	if (!d)
		return fail_errno(err, "image directory");
	while ((entry = readdir(d)))
		if (image_name_parse(entry->d_name, &file, &id) &&
		    move_up(dir, entry->d_name, err) < 0)
			return err->code;
	return 0;
}

static int publish(const struct image_dir *dir, struct err *err)
{
	if (dir->foreign)
		return foreign_publish(dir, err);
	for (size_t i = 0; i < dir->n_members; i++)
		if (is_written(dir, dir->member[i].name) &&
		    move_up(dir, dir->member[i].name, err) < 0)
			return err->code;
	return move_up(dir, image_name(IMAGE_CKRUN_MANIFEST, 0).text, err);
}

int image_amend_commit(struct image_dir *dir, struct err *err)
{
	int r = dir->foreign ? 0 : manifest_write(dir, &dir->about, err);

	if (r >= 0 && syncfs(dir->fd) < 0)
		r = fail_errno(err, "write back");
	if (r >= 0)
		r = publish(dir, err);
	if (r >= 0 && fsync(dir->target) < 0)
		r = fail_errno(err, "write back");
	if (r < 0)
		return fail_in(err, "image directory");
	partial_remove(dir->target, dir->fd);
	dir->writing = false;
	return 0;
}
