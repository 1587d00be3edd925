#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/fd/find.h"
#include "runtime/base/arena.h"

enum { FIND_MAX = 500000, DEPTH_MAX = 64 };

struct walk {
	ino_t ino;
	bool (*is_it)(void *ctx, const char *path);
	void *ctx;
	unsigned int looked;
	char path[PATH_MAX];
};

static bool walk_dir(struct walk *w, int parent, const char *name, int depth);

static bool walk_entry(struct walk *w, int dir, const struct dirent *d, int depth)
{
	size_t len = strlen(w->path), room = sizeof(w->path) - len;

	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || ++w->looked > FIND_MAX)
		return false;
	if ((size_t)snprintf(w->path + len, room, "/%s", d->d_name) < room &&
	    ((d->d_ino == w->ino && w->is_it(w->ctx, w->path)) ||
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

const char *find_path(struct arena *arena, int dir, const char *mountpoint, ino_t ino,
		      bool (*is_it)(void *ctx, const char *path), void *ctx)
{
	struct walk w = {.ino = ino, .is_it = is_it, .ctx = ctx};

	snprintf(w.path, sizeof(w.path), "%s", strcmp(mountpoint, "/") ? mountpoint : "");
	return walk_dir(&w, dir, ".", 0) ? arena_strdup(arena, w.path) : NULL;
}
