/* unpack.c - an archive into a mount
 *
 * The archive may come from anywhere.  The directory of every name is opened anew from the top of
 * the mount, beneath it, over no link and into no other mount (openat2(2), Linux 5.6); in there
 * only one component is touched, never through a link.  Times of directories are set last.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "engine/mnt/tar.h"
#include "engine/mnt/tree.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* Linux 5.8 */
#endif

enum { BUFFER = 1 << 20 };

struct late { /* times of a directory */
	const char *path;
	struct timespec times[2];
};

struct unpacking {
	int top;
	struct tar_in *in;
	struct arena *arena;
	struct late *late;
	size_t n_late;
	char *buffer;
};

/* A name taken apart: its directory, open, and its last component. */
struct place {
	int dir;
	char base[NAME_MAX + 1];
};

static void place_close(struct place *place)
{
	scope_close(&place->dir);
}

/* --- where */

static int open_beneath(int top, const char *path, int *ret_fd, struct err *err)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, top, path, &how, sizeof(how));

	if (fd < 0 && errno == EXDEV)
		return fail(err, -EXDEV, "%s leads out of the mount", path);
	if (fd < 0)
		return fail_errno(err, "%s", path);
	*ret_fd = (int)fd;
	return 0;
}

/* "./a/b/" -> "a/b"; "" is the top */
static int clean(const char *path, char buf[PATH_MAX], struct err *err)
{
	size_t len;

	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	if (*path == '/')
		return fail(err, -EPROTO, "an absolute name");
	if (len >= PATH_MAX)
		return fail(err, -ENAMETOOLONG, "a name of %zu bytes", len);
	memcpy(buf, path, len);
	buf[len] = '\0';
	if (!strcmp(buf, "."))
		buf[0] = '\0';
	return 0;
}

static int open_place(int top, const char *name, struct place *ret, struct err *err)
{
	char path[PATH_MAX];
	int r = clean(name, path, err);

	ret->dir = -1;
	if (r < 0)
		return r;
	char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	if (strlen(base) > NAME_MAX)
		return fail(err, -ENAMETOOLONG, "%s", name);
	if (!strcmp(base, ".") || !strcmp(base, ".."))
		return fail(err, -EPROTO, "a name that ends in \"%s\"", base);
	snprintf(ret->base, sizeof(ret->base), "%s", *base ? base : ".");
	if (slash)
		*slash = '\0';
	return open_beneath(top, slash ? path : ".", &ret->dir, err);
}

/* --- what is there */

enum step { MAKE, KEEP, PASS_OVER };

static bool is_node(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

static bool same_node(const struct statx *st, const struct tar_member *m)
{
	return S_ISCHR(st->stx_mode) == (m->type == TAR_CHAR) &&
	       st->stx_rdev_major == m->major && st->stx_rdev_minor == m->minor;
}

static int clear(const struct place *place, const struct tar_member *m, enum step *ret,
		 struct err *err)
{
	struct statx st;

	*ret = MAKE;
	if (statx(place->dir, place->base, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "statx");
	bool is_dir = S_ISDIR(st.stx_mode), is_top = !strcmp(place->base, ".");
	if (is_dir && m->type == TAR_DIRECTORY) {
		bool covered = !is_top && st.stx_attributes & STATX_ATTR_MOUNT_ROOT;

		*ret = covered ? PASS_OVER : KEEP;
		return 0;
	}
	if (is_top)
		return fail(err, -EPROTO, "the top is a directory");
	if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return fail(err, -EBUSY, "a mount of the bundle is in its place");
	if (is_node(st.stx_mode) && (m->type == TAR_CHAR || m->type == TAR_BLOCK)) {
		*ret = same_node(&st, m) ? KEEP : PASS_OVER;
		return 0;
	}
	if (unlinkat(place->dir, place->base, is_dir ? AT_REMOVEDIR : 0) < 0)
		return fail_errno(err, "remove what is in its place");
	return 0;
}

/* --- make */

static int write_run(struct unpacking *u, int fd, const struct run *run, struct err *err)
{
	for (uint64_t at = run->start; at < run->end;) {
		size_t want = run->end - at < BUFFER ? (size_t)(run->end - at) : BUFFER;
		int r = tar_get_data(u->in, u->buffer, want, err);
		if (r < 0)
			return r;
		for (size_t done = 0; done < want;) {
			ssize_t n =
				pwrite(fd, u->buffer + done, want - done, (off_t)(at + done));
			if (n < 0)
				return fail_errno(err, "write");
			done += (size_t)n;
		}
		at += want;
	}
	return 0;
}

static int make_file(struct unpacking *u, const struct place *place, const struct tar_member *m,
		     struct err *err)
{
	scoped_fd int fd = openat(place->dir, place->base,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return fail_errno(err, "create");
	for (size_t i = 0; i < m->data.n && r >= 0; i++)
		r = write_run(u, fd, &m->data.run[i], err);
	if (r >= 0 && ftruncate(fd, (off_t)m->size) < 0)
		r = fail_errno(err, "set its size");
	return r;
}

static int make_link(struct unpacking *u, const struct place *place, const struct tar_member *m,
		     struct err *err)
{
	scoped(place_close) struct place target = {.dir = -1};
	int r = open_place(u->top, m->link, &target, err);

	if (r >= 0 && linkat(target.dir, target.base, place->dir, place->base, 0) < 0)
		r = fail_errno(err, "link");
	return r < 0 ? fail_in(err, "link to %s", m->link) : 0;
}

static int make_symlink(struct unpacking *u, const struct place *place,
			const struct tar_member *m, struct err *err)
{
	(void)u;
	return symlinkat(m->link, place->dir, place->base) < 0 ? fail_errno(err, "symlink") : 0;
}

static int make_directory(struct unpacking *u, const struct place *place,
			  const struct tar_member *m, struct err *err)
{
	(void)u, (void)m;
	return mkdirat(place->dir, place->base, 0700) < 0 ? fail_errno(err, "mkdir") : 0;
}

static int make_node(struct unpacking *u, const struct place *place, const struct tar_member *m,
		     struct err *err)
{
	mode_t format = m->type == TAR_CHAR    ? S_IFCHR
			: m->type == TAR_BLOCK ? S_IFBLK
			: m->type == TAR_FIFO  ? S_IFIFO
					       : S_IFSOCK;

	(void)u;
	if (mknodat(place->dir, place->base, format | 0600, makedev(m->major, m->minor)) < 0)
		return fail_errno(err, "mknod");
	return 0;
}

static const struct maker {
	enum tar_type type;
	int (*make)(struct unpacking *u, const struct place *place, const struct tar_member *m,
		    struct err *err);
} makers[] = {
	{TAR_FILE, make_file}, {TAR_LINK, make_link},   {TAR_SYMLINK, make_symlink},
	{TAR_CHAR, make_node}, {TAR_BLOCK, make_node},  {TAR_DIRECTORY, make_directory},
	{TAR_FIFO, make_node}, {TAR_SOCKET, make_node},
};

static int make(struct unpacking *u, const struct place *place, const struct tar_member *m,
		struct err *err)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (makers[i].type == m->type)
			return makers[i].make(u, place, m, err);
	return fail(err, -EPROTO, "type '%c'", m->type);
}

/* --- what it is like */

static int set_xattrs(const char *path, const struct tar_member *m, struct err *err)
{
	for (size_t i = 0; i < m->n_xattrs; i++)
		if (setxattr(path, m->xattr[i].name, m->xattr[i].value, m->xattr[i].len, 0) < 0)
			return fail_errno(err, "attribute %.60s", m->xattr[i].name);
	return 0;
}

static int remember_times(struct unpacking *u, const struct tar_member *m, struct err *err)
{
	struct late *more = arena_grow(u->arena, u->late, u->n_late, sizeof(*more));

	if (!more)
		return fail(err, -ENOMEM, "out of memory");
	u->late = more;
	u->late[u->n_late] = (struct late){
		.path = arena_strdup(u->arena, m->path),
		.times = {m->atime, m->mtime},
	};
	return u->late[u->n_late++].path ? 0 : fail(err, -ENOMEM, "out of memory");
}

/* The owner first: it takes set-user-id bits and capabilities away. */
static int dress(struct unpacking *u, const struct place *place, const struct tar_member *m,
		 struct err *err)
{
	const struct timespec times[2] = {m->atime, m->mtime};
	scoped_fd int fd = openat(place->dir, place->base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || fchownat(fd, "", m->uid, m->gid, AT_EMPTY_PATH) < 0)
		return fail_errno(err, "set its owner");
	if (m->type != TAR_SYMLINK && chmod(path, m->mode) < 0)
		return fail_errno(err, "set its mode");
	int r = set_xattrs(path, m, err);
	if (r < 0 || m->type == TAR_DIRECTORY)
		return r < 0 ? r : remember_times(u, m, err);
	if (utimensat(place->dir, place->base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "set its times");
	return 0;
}

/* --- the archive */

static int unpack_one(struct unpacking *u, const struct tar_member *m, struct err *err)
{
	scoped(place_close) struct place place = {.dir = -1};
	enum step step = MAKE;
	int r = open_place(u->top, m->path, &place, err);

	if (r >= 0)
		r = clear(&place, m, &step, err);
	if (r >= 0 && step == MAKE)
		r = make(u, &place, m, err);
	if (r >= 0 && step != PASS_OVER && m->type != TAR_LINK)
		r = dress(u, &place, m, err);
	return r < 0 ? fail_in(err, "%s", m->path) : 0;
}

static int set_late_times(struct unpacking *u, struct err *err)
{
	for (size_t i = u->n_late; i-- > 0;) {
		scoped(place_close) struct place place = {.dir = -1};
		int r = open_place(u->top, u->late[i].path, &place, err);

		if (r >= 0 &&
		    utimensat(place.dir, place.base, u->late[i].times, AT_SYMLINK_NOFOLLOW) < 0)
			r = fail_errno(err, "set its times");
		if (r < 0)
			return fail_in(err, "%s", u->late[i].path);
	}
	return 0;
}

int tree_unpack(int dir, struct tar_in *in, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free char *buffer = malloc(BUFFER);
	struct unpacking u = {.top = dir, .in = in, .arena = arena, .buffer = buffer};
	struct tar_member m;
	int r;

	if (!arena || !buffer)
		return fail(err, -ENOMEM, "out of memory");
	while ((r = tar_get(in, &m, err)) > 0) {
		r = unpack_one(&u, &m, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : set_late_times(&u, err);
}
