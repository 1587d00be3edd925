/* reg_place.c - the path of a file, proved by its inode */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "engine/fd/find.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/fd/reg_place.h"
#include "engine/kernel/mountinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define DELETED " (deleted)"

bool reg_is_harmless(dev_t rdev)
{
	static const unsigned int minors[] = {3, 5, 7, 8,
					      9}; /* null zero full random urandom */

	for (size_t i = 0; i < sizeof(minors) / sizeof(minors[0]); i++)
		if (rdev == makedev(1, minors[i]))
			return true;
	return false;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	if (a->st_dev == b->st_dev && a->st_ino == b->st_ino)
		return true;
	return S_ISCHR(a->st_mode) && S_ISCHR(b->st_mode) && a->st_rdev == b->st_rdev &&
	       reg_is_harmless(a->st_rdev);
}

static bool shows(const struct fd_dump *dump, const char *path, const struct reg_look *look)
{
	scoped_fd int at = path_open(dump->root, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	return at >= 0 && fstat(at, &st) == 0 && same_file(&st, look->st);
}

/* "/a/b (deleted)" -> "/a/b"; NULL: not deleted, or out of memory. */
static char *without_deleted(struct arena *arena, const char *link)
{
	size_t len = strlen(link), tail = strlen(DELETED);

	if (len <= tail || strcmp(link + len - tail, DELETED))
		return NULL;
	return arena_printf(arena, "%.*s", (int)(len - tail), link);
}

static int refuse_hidden(struct err *err)
{
	return refuse(err,
		      "the container's root shows another file there, or none (it is hidden "
		      "under a mount, or from outside)");
}

struct wanted {
	const struct fd_dump *dump;
	const struct reg_look *look;
};

static bool is_wanted(void *ctx, const char *path)
{
	const struct wanted *wanted = ctx;

	return shows(wanted->dump, path, wanted->look);
}

/* A file that was deleted here and has another name: that one does as well, it is the inode
 * that programs share.  The mount is looked through for it. */
static int place_elsewhere(struct fd_dump *dump, const struct reg_look *look,
			   const char **ret_path, struct err *err)
{
	struct arena *arena = dump->model->arena;
	struct mountinfo mounts = {0};
	uint64_t id = path_mount(look->fd);

	int r = mountinfo_read(dump->model->task[0]->pid, arena, &mounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mounts.n; i++) {
		const char *mountpoint = mounts.mount[i].mountpoint;

		if (mounts.mount[i].id != id)
			continue;
		scoped_fd int dir = path_open(dump->root, mountpoint, O_RDONLY | O_DIRECTORY);
		const char *path = dir < 0 ? NULL
					   : find_path(arena, dir, mountpoint, look->st->st_ino,
						       is_wanted, &(struct wanted){dump, look});
		if (path) {
			*ret_path = path;
			return PLACE_PATH;
		}
	}
	return refuse(
		err,
		"it has %lu names, but not this one any more, and none that the container "
		"can see; close it before the checkpoint",
		(unsigned long)look->st->st_nlink);
}

static int place_deleted(struct fd_dump *dump, const struct reg_look *look, const char **path,
			 struct err *err)
{
	scoped_fd int dir = path_parent(dump->root, *path);

	if (dir < 0)
		return fail_errno(err, "find the directory of %s", *path);
	if (path_mount(dir) != path_mount(look->fd))
		return refuse_hidden(err);
	if (look->st->st_nlink > 0 && !S_ISDIR(look->st->st_mode))
		return place_elsewhere(dump, look, path, err);
	return PLACE_GHOST;
}

int reg_place(struct fd_dump *dump, const struct reg_look *look, const char **ret_path,
	      struct err *err)
{
	struct err no_matter = {0};

	*ret_path = look->link;
	if (shows(dump, look->link, look))
		return PLACE_PATH;
	if (look->stdio && fd_stdio_add(dump, look->stdio, &no_matter) == 0)
		return PLACE_STDIO;
	const char *path = without_deleted(dump->model->arena, look->link);
	if (!path)
		return refuse_hidden(err);
	*ret_path = path;
	if (shows(dump, path, look)) /* a mounted file whose source was unlinked */
		return PLACE_PATH;
	return place_deleted(dump, look, ret_path, err);
}
