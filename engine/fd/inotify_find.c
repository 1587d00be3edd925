/* inotify_find.c - the path of a watched inode */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "engine/fd/find.h"
#include "engine/fd/inotify.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/kernel/fdinfo-inotify.h"
#include "engine/kernel/mountinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { HANDLE_MAX = 128 };

/* Would a watch of this path be that watch? */
static bool is_it(struct fd_dump *dump, const char *path, const struct inotify_watch *watch)
{
	scoped_fd int at = path_open(dump->root, path, O_PATH | O_NOFOLLOW);
	scoped_fd int probe = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct inotify_watches seen = {0};
	scoped_free char *text = NULL;
	char self[PATH_SELF_MAX], info[64];
	struct err no_matter = {0};

	if (at < 0 || probe < 0 ||
	    inotify_add_watch(probe, path_self(self, at), IN_DELETE_SELF) < 0)
		return false;
	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", probe);
	return file_read(AT_FDCWD, info, &text, &no_matter) == 0 &&
	       fdinfo_inotify_parse(text, dump->model->arena, &seen, &no_matter) == 0 &&
	       seen.n == 1 && seen.watch[0].ino == watch->ino &&
	       seen.watch[0].dev == watch->dev;
}

/* The text of the link is a path below the container's root: reg.h says why. */
static const char *by_handle(struct fd_dump *dump, int mount, const struct inotify_watch *watch)
{
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	} handle = {.head = {.handle_bytes = watch->handle_bytes,
			     .handle_type = (int)watch->handle_type}};
	char self[PATH_SELF_MAX], link[4096];

	if (watch->handle_bytes == 0 || watch->handle_bytes > HANDLE_MAX)
		return NULL;
	memcpy(handle.head.f_handle, watch->handle, watch->handle_bytes);
	scoped_fd int fd = open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = readlink(path_self(self, fd), link, sizeof(link) - 1);
	if (n <= 0)
		return NULL;
	link[n] = '\0';
	return is_it(dump, link, watch) ? arena_strdup(dump->model->arena, link) : NULL;
}

struct wanted {
	struct fd_dump *dump;
	const struct inotify_watch *watch;
};

static bool is_wanted(void *ctx, const char *path)
{
	const struct wanted *wanted = ctx;

	return is_it(wanted->dump, path, wanted->watch);
}

static const char *on_mount(struct fd_dump *dump, const struct mountinfo_mount *m,
			    const struct inotify_watch *watch)
{
	scoped_fd int fd = path_open(dump->root, m->mountpoint, O_RDONLY | O_NONBLOCK);

	if (is_it(dump, m->mountpoint, watch))
		return m->mountpoint;
	if (fd < 0)
		return NULL;
	const char *path = by_handle(dump, fd, watch);
	return path ? path
		    : find_path(dump->model->arena, fd, m->mountpoint, watch->ino, is_wanted,
				&(struct wanted){dump, watch});
}

int inotify_find(struct fd_dump *dump, const struct inotify_watch *watch, const char **ret,
		 struct err *err)
{
	struct mountinfo mounts = {0};

	int r = mountinfo_read(dump->model->task[0]->pid, dump->model->arena, &mounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mounts.n; i++) {
		const char *path = mounts.mount[i].dev == watch->dev
					   ? on_mount(dump, &mounts.mount[i], watch)
					   : NULL;

		if (path) {
			*ret = path;
			return 0;
		}
	}
	return refuse(err,
		      "watch %d is on inode %llu, which has no path in the container; remove "
		      "the watch before the checkpoint",
		      watch->wd, (unsigned long long)watch->ino);
}
