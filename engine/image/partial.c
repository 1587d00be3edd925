#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "engine/image/dir.h"
#include "engine/image/inside.h"
#include "engine/image/partial.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum which { EVERY_FILE, IMAGE_FILES_ONLY };

static int files_remove(int fd, enum which which, struct err *err)
{
	scoped(image_dir_stream_drop) DIR *d = image_dir_stream(fd);
	struct dirent *entry;
	enum image_file file;
	uint64_t id;

	if (!d)
		return fail_errno(err, "image directory");
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (which == IMAGE_FILES_ONLY && !image_name_parse(entry->d_name, &file, &id))
			continue;
		if (unlinkat(fd, entry->d_name, 0) < 0)
			return fail_errno(err, "remove %s", entry->d_name);
	}
	return 0;
}

int partial_open(int target, int *ret_fd, struct err *err)
{
	if (mkdirat(target, IMAGE_PARTIAL, 0700) < 0 && errno != EEXIST)
		return fail_errno(err, "image directory: make " IMAGE_PARTIAL);
	scoped_fd int fd =
		openat(target, IMAGE_PARTIAL, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "image directory: open " IMAGE_PARTIAL);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail(err, -EBUSY, "another checkpoint writes to this image directory");
	int r = files_remove(fd, EVERY_FILE, err);
	if (r < 0)
		return fail_in(err, IMAGE_PARTIAL);
	*ret_fd = take_fd(&fd);
	return 0;
}

void partial_remove(int target, int fd)
{
	struct err ignored = {};

	files_remove(fd, EVERY_FILE, &ignored);
	unlinkat(target, IMAGE_PARTIAL, AT_REMOVEDIR);
}

static int older_remove(int target, struct err *err)
{
	if (unlinkat(target, "inventory.img", 0) < 0 && errno != ENOENT)
		return fail_errno(err, "remove the older inventory.img");
	return files_remove(target, IMAGE_FILES_ONLY, err);
}

static int move_up(const struct image_dir *dir, const char *name, struct err *err)
{
	if (renameat(dir->fd, name, dir->target, name) < 0)
		return fail_errno(err, "%s", name);
	return 0;
}

/* What was moved up of an image that is not whole goes again. */
static void move_undo(const struct image_dir *dir, size_t moved)
{
	for (size_t i = 0; i < moved; i++)
		unlinkat(dir->target, dir->member[i].name, 0);
	unlinkat(dir->target, image_name(IMAGE_CKRUN_MANIFEST, 0).text, 0);
}

int partial_publish(const struct image_dir *dir, struct err *err)
{
	int r = older_remove(dir->target, err);
	size_t i;

	if (r < 0)
		return r;
	for (i = 0; i < dir->n_members && r >= 0; i++)
		if (strcmp(dir->member[i].name, "inventory.img") != 0)
			r = move_up(dir, dir->member[i].name, err);
	if (r >= 0)
		r = move_up(dir, image_name(IMAGE_CKRUN_MANIFEST, 0).text, err);
	if (r >= 0)
		r = move_up(dir, "inventory.img", err);
	if (r < 0)
		move_undo(dir, i);
	return r;
}
