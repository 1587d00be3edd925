#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/walk.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct walk {
	enum walk_order order;
	walk_visit *visit;
	void *ctx;
	char path[PATH_MAX];
};

static int walk_one(struct walk *w, int fd, size_t len, struct err *err);

static void close_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

/* A cgroup that is gone says ENOENT by its path and ENODEV by its files. */
static int walk_child(struct walk *w, int dir, const char *name, size_t len, struct err *err)
{
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0
							  : fail_errno(err, "open %s", name);
	int n = snprintf(w->path + len, sizeof(w->path) - len, "%s%s", len ? "/" : "", name);
	if ((size_t)n >= sizeof(w->path) - len)
		return fail(err, -ENAMETOOLONG, "cgroups are nested too deeply");
	int r = walk_one(w, fd, len + (size_t)n, err);
	w->path[len] = '\0';
	return r;
}

static int walk_children(struct walk *w, int fd, size_t len, struct err *err)
{
	struct stat st;

	/* kernfs counts directories: 2 links mean no child, and the files need not be read */
	if (!fstat(fd, &st) && st.st_nlink == 2)
		return 0;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped(close_dir) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir && copy >= 0)
		close(copy);
	if (!dir)
		return errno == ENOENT || errno == ENODEV ? 0
							  : fail_errno(err, "read directory");
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		int r = walk_child(w, fd, e->d_name, len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int walk_one(struct walk *w, int fd, size_t len, struct err *err)
{
	int r = w->order == PARENTS_FIRST ? w->visit(fd, w->path, w->ctx, err) : 0;

	if (r >= 0)
		r = walk_children(w, fd, len, err);
	if (r >= 0 && w->order == CHILDREN_FIRST)
		r = w->visit(fd, w->path, w->ctx, err);
	return r;
}

int walk(const char *dir, enum walk_order order, walk_visit *visit, void *ctx, struct err *err)
{
	scoped_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk w = {.order = order, .visit = visit, .ctx = ctx};

	if (fd < 0)
		return fail_errno(err, "open cgroup %s", dir);
	return walk_one(&w, fd, 0, err);
}
