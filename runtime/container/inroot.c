#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/inroot.h"

enum { LINKS_MAX = 40, RACES_MAX = 64 };

int inroot_try(int root, const char *path, int flags, enum inroot_links links)
{
	struct open_how how = {
		.flags = (unsigned long long)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	if (links == INROOT_NO_LINKS)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	/* EAGAIN: something was renamed while ".." was resolved */
	for (int i = 0; i < RACES_MAX && fd < 0; i++) {
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int inroot_open(int root, const char *path, int flags, enum inroot_links links, int *ret_fd,
		struct err *err)
{
	int fd = inroot_try(root, path, flags, links);

	if (fd < 0) {
		errno = -fd;
		return fail_errno(err, "open %s in the root file system", path);
	}
	*ret_fd = fd;
	return 0;
}

/* A path on its way: done components are a prefix of text, `at` is behind them. */
struct walk {
	int root;
	int links;
	char text[PATH_MAX];
	mode_t type;
};

static int make_one(int dir, const char *name, mode_t type)
{
	if (type == S_IFDIR)
		return mkdirat(dir, name, 0755);
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* The component at text[start..end) is a link that leads nowhere: put its target there. */
static int splice_link(struct walk *walk, int dir, size_t start, size_t end, struct err *err)
{
	char name[NAME_MAX + 1], link[PATH_MAX], path[PATH_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)(end - start), walk->text + start);
	ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);
	if (n < 0)
		return fail_errno(err, "%.*s", (int)end, walk->text);
	if (++walk->links > LINKS_MAX)
		return fail(err, -ELOOP, "%.*s: too many links", (int)end, walk->text);
	link[n] = '\0';
	int len = snprintf(path, sizeof(path), "%.*s%s%s", link[0] == '/' ? 0 : (int)start,
			   walk->text, link, walk->text + end);
	if (len < 0 || (size_t)len >= sizeof(path))
		return fail(err, -ENAMETOOLONG, "%.*s", (int)end, walk->text);
	memcpy(walk->text, path, (size_t)len + 1);
	return 1;
}

/* Make the component [start..end), whose parents are there.  1: look again from the start. */
static int make_component(struct walk *walk, size_t start, size_t end, struct err *err)
{
	bool last = !walk->text[end + strspn(walk->text + end, "/")];
	char parent[PATH_MAX], name[NAME_MAX + 1];

	if (end - start > NAME_MAX)
		return fail(err, -ENAMETOOLONG, "%.*s", (int)end, walk->text);
	snprintf(parent, sizeof(parent), "%.*s", (int)start, walk->text);
	snprintf(name, sizeof(name), "%.*s", (int)(end - start), walk->text + start);
	scoped_fd int dir = inroot_try(walk->root, parent, O_PATH | O_DIRECTORY, INROOT_FOLLOW);
	if (dir < 0)
		return fail(err, dir, "%s: not a directory", parent);
	if (!make_one(dir, name, last ? walk->type : S_IFDIR))
		return 0;
	if (errno != EEXIST)
		return fail_errno(err, "make %.*s in the root file system", (int)end,
				  walk->text);
	return splice_link(walk, dir, start, end, err);
}

static int walk_once(struct walk *walk, int *ret_fd, struct err *err)
{
	const char *text = walk->text;
	size_t end = 0;
	int fd = inroot_try(walk->root, text, O_PATH, INROOT_FOLLOW);

	while (fd == -ENOENT) {
		size_t start = end + strspn(text + end, "/");
		end = start + strcspn(text + start, "/");
		if (end == start)
			break;
		char prefix[PATH_MAX];
		snprintf(prefix, sizeof(prefix), "%.*s", (int)end, text);
		scoped_fd int there = inroot_try(walk->root, prefix, O_PATH, INROOT_FOLLOW);
		if (there >= 0)
			continue;
		int r = there == -ENOENT ? make_component(walk, start, end, err) : 0;
		if (r)
			return r;
		if (there != -ENOENT)
			return fail(err, there, "%s: %s", prefix, strerrordesc_np(-there));
	}
	if (fd == -ENOENT)
		fd = inroot_try(walk->root, text, O_PATH, INROOT_FOLLOW);
	if (fd < 0)
		return fail(err, fd, "%s: %s", text, strerrordesc_np(-fd));
	*ret_fd = fd;
	return 0;
}

int inroot_make(int root, const char *path, mode_t type, int *ret_fd, struct err *err)
{
	struct walk walk = {.root = root, .type = type};
	int r = 1;

	size_t len = strlen(path);

	if (len >= sizeof(walk.text))
		return fail(err, -ENAMETOOLONG, "%s", path);
	memcpy(walk.text, path, len + 1);
	while (r > 0)
		r = walk_once(&walk, ret_fd, err);
	return r;
}

int inroot_parent(int root, const char *path, int *ret_dir, const char **ret_base,
		  struct err *err)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return fail(err, -EINVAL, "%s: no file name at its end", path);
	if ((size_t)(base - path) >= sizeof(parent))
		return fail(err, -ENAMETOOLONG, "%s", path);
	snprintf(parent, sizeof(parent), "%.*s", (int)(base - path), path);
	int r = inroot_make(root, parent, S_IFDIR, ret_dir, err);
	if (!r)
		*ret_base = base;
	return r;
}
