/* inotify_find.c - the path of a watched inode */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "engine/fd/inotify.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/kernel/fdinfo-inotify.h"
#include "engine/kernel/mountinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { HANDLE_MAX = 128, LOOK_MAX = 500000, DEPTH_MAX = 64 };

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

/* A walk through one file system, from a mount point down. */
struct walk {
	struct fd_dump *dump;
	const struct inotify_watch *watch;
	unsigned int looked;
	char path[4096];
};

static bool walk_dir(struct walk *w, int parent, const char *name, int depth);

static bool walk_entry(struct walk *w, int dir, const struct dirent *d, int depth)
{
	size_t len = strlen(w->path);

	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || ++w->looked > LOOK_MAX)
		return false;
	if ((size_t)snprintf(w->path + len, sizeof(w->path) - len, "/%s", d->d_name) <
		    sizeof(w->path) - len &&
	    ((d->d_ino == w->watch->ino && is_it(w->dump, w->path, w->watch)) ||
	     (d->d_type == DT_DIR && walk_dir(w, dir, d->d_name, depth + 1))))
		return true;
	w->path[len] = '\0';
	return false;
}

static bool walk_dir(struct walk *w, int parent, const char *name, int depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC;
	struct stat st, up;
	bool found = false;

	int fd = openat(parent, name, flags);
	if (fd < 0)
		return false;
	if (depth > DEPTH_MAX || fstat(fd, &st) < 0 || fstat(parent, &up) < 0 ||
	    (depth && st.st_dev != up.st_dev)) {
		close(fd);
		return false;
	}
	DIR *dir = fdopendir(fd);
	for (struct dirent *d; dir && !found && (d = readdir(dir));)
		found = walk_entry(w, dirfd(dir), d, depth);
	if (dir)
		closedir(dir);
	else
		close(fd);
	return found;
}

static const char *by_walk(struct fd_dump *dump, int mount, const char *mountpoint,
			   const struct inotify_watch *watch)
{
	struct walk *w = arena_new_struct(dump->model->arena, struct walk);

	if (!w)
		return NULL;
	w->dump = dump;
	w->watch = watch;
	snprintf(w->path, sizeof(w->path), "%s", strcmp(mountpoint, "/") ? mountpoint : "");
	return walk_dir(w, mount, ".", 0) ? w->path : NULL;
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
	return path ? path : by_walk(dump, fd, m->mountpoint, watch);
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
