/* pack.c - a tree into an archive
 *
 * Files are opened O_PATH first and again by /proc/self/fd, once it is known what they are: a
 * fifo or a device is never opened.  O_NONBLOCK: a lease of a stopped task would not be given up.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "engine/kernel/seekdata.h"
#include "engine/mnt/tar.h"
#include "engine/mnt/tree.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { BUFFER = 1 << 20, BUCKETS = 1024, BRIEF_MEMBERS = 64 };

/* A file with several names, under its first one. */
struct known {
	uint64_t ino;
	const char *path;
	struct known *next;
};

struct packing {
	struct tar_out *out;
	uint64_t mount;
	struct arena *arena; /* lasts */
	struct arena *brief; /* of some members: one for each would cost more than they do */
	unsigned int in_brief;
	struct known *bucket[BUCKETS];
	char *buffer;
};

int mount_of(int fd, uint64_t *ret, struct err *err)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return fail_errno(err, "statx");
	if (!(st.stx_mask & STATX_MNT_ID))
		return fail(err, -EOPNOTSUPP, "this kernel does not tell mounts apart");
	*ret = st.stx_mnt_id;
	return 0;
}

/* --- what a member is */

static const struct {
	mode_t format;
	enum tar_type type;
} types[] = {
	{S_IFREG, TAR_FILE},    {S_IFDIR, TAR_DIRECTORY}, {S_IFLNK, TAR_SYMLINK},
	{S_IFCHR, TAR_CHAR},    {S_IFBLK, TAR_BLOCK},     {S_IFIFO, TAR_FIFO},
	{S_IFSOCK, TAR_SOCKET},
};

static struct timespec time_of(const struct statx_timestamp *ts)
{
	return (struct timespec){.tv_sec = ts->tv_sec, .tv_nsec = ts->tv_nsec};
}

static void describe(const struct statx *st, const char *path, struct tar_member *m)
{
	*m = (struct tar_member){
		.path = path,
		.mode = st->stx_mode & 07777,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.major = st->stx_rdev_major,
		.minor = st->stx_rdev_minor,
		.mtime = time_of(&st->stx_mtime),
		.atime = time_of(&st->stx_atime),
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((st->stx_mode & S_IFMT) == types[i].format)
			m->type = types[i].type;
	if (m->type == TAR_FILE)
		m->size = st->stx_size;
}

static void by_fd(char *buf, size_t size, int fd)
{
	snprintf(buf, size, "/proc/self/fd/%d", fd);
}

static int read_link(struct packing *p, int fd, struct tar_member *m, struct err *err)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(fd, "", text, sizeof(text) - 1);

	if (n < 0)
		return fail_errno(err, "read the link");
	text[n] = '\0';
	m->link = arena_strdup(p->brief, text);
	return m->link ? 0 : fail(err, -ENOMEM, "out of memory");
}

/* --- extended attributes */

/* The label is the bundle's affair. */
static bool is_label(const char *name)
{
	return !strcmp(name, "security.selinux") || !strcmp(name, "security.apparmor");
}

static int read_xattr(struct packing *p, const char *path, const char *name,
		      struct tar_member *m, struct err *err)
{
	ssize_t n = getxattr(path, name, NULL, 0);
	char *value = n < 0 ? NULL : arena_alloc(p->brief, (size_t)n + 1);

	if (n >= 0 && value)
		n = getxattr(path, name, value, (size_t)n);
	if (n < 0)
		return fail_errno(err, "attribute %s", name);
	struct tar_xattr *more =
		arena_grow(p->brief, m->xattr, m->n_xattrs, sizeof(m->xattr[0]));
	if (!more || !value)
		return fail(err, -ENOMEM, "out of memory");
	m->xattr = more;
	m->xattr[m->n_xattrs++] =
		(struct tar_xattr){.name = name, .value = value, .len = (size_t)n};
	return 0;
}

static int read_xattrs(struct packing *p, int fd, struct tar_member *m, struct err *err)
{
	char path[32];

	by_fd(path, sizeof(path), fd);
	ssize_t n = listxattr(path, NULL, 0);
	if (n == 0 || (n < 0 && errno == EOPNOTSUPP))
		return 0;
	char *names = n < 0 ? NULL : arena_alloc(p->brief, (size_t)n + 1);
	if (n >= 0 && names)
		n = listxattr(path, names, (size_t)n);
	if (n < 0)
		return fail_errno(err, "list its attributes");
	if (!names)
		return fail(err, -ENOMEM, "out of memory");
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		int r = is_label(name) ? 0 : read_xattr(p, path, name, m, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- contents */

static int copy_run(struct packing *p, int fd, const struct run *run, struct err *err)
{
	for (uint64_t at = run->start; at < run->end;) {
		size_t want = run->end - at < BUFFER ? (size_t)(run->end - at) : BUFFER;
		ssize_t n = pread(fd, p->buffer, want, (off_t)at);
		if (n < 0)
			return fail_errno(err, "read");
		if (n == 0)
			return fail(err, -EIO, "it became shorter while it was read");
		int r = tar_put_data(p->out, p->buffer, (size_t)n, err);
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return 0;
}

/* Runs are whole pages, the file may end inside the last one. */
static void clip(struct runs *data, uint64_t size)
{
	if (data->n && data->run[data->n - 1].end > size)
		data->run[data->n - 1].end = size;
}

static int pack_file(struct packing *p, int fd, struct tar_member *m, struct err *err)
{
	const struct run all = {0, m->size};
	char path[32];

	by_fd(path, sizeof(path), fd);
	scoped_fd int in = open(path, O_RDONLY | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return fail_errno(err, "open");
	int r = m->size ? seekdata_find(in, &all, p->brief, &m->data, err) : 0;
	clip(&m->data, m->size);
	if (r >= 0)
		r = tar_put(p->out, m, err);
	for (size_t i = 0; i < m->data.n && r >= 0; i++)
		r = copy_run(p, in, &m->data.run[i], err);
	return r;
}

/* --- the walk */

/* The earlier name of a file with several, or NULL after remembering this one. */
static int find_known(struct packing *p, uint64_t ino, const char *path, const char **ret,
		      struct err *err)
{
	struct known **head = &p->bucket[ino % BUCKETS];

	for (const struct known *k = *head; k; k = k->next)
		if (k->ino == ino) {
			*ret = k->path;
			return 0;
		}
	struct known *k = arena_new_struct(p->arena, struct known);
	if (!k)
		return fail(err, -ENOMEM, "out of memory");
	*k = (struct known){.ino = ino, .path = arena_strdup(p->arena, path), .next = *head};
	*head = k;
	*ret = NULL;
	return k->path ? 0 : fail(err, -ENOMEM, "out of memory");
}

static int pack_directory(struct packing *p, int fd, const char *path, struct err *err);

static int put_member(struct packing *p, int fd, struct tar_member *m, struct err *err)
{
	int r = 0;

	if (m->type == TAR_SYMLINK)
		r = read_link(p, fd, m, err);
	if (r >= 0 && m->type != TAR_LINK)
		r = read_xattrs(p, fd, m, err);
	if (r >= 0)
		r = m->type == TAR_FILE ? pack_file(p, fd, m, err) : tar_put(p->out, m, err);
	return r < 0 ? r : tar_put_end(p->out, err);
}

static int renew_brief(struct packing *p, struct err *err)
{
	if (!p->brief || ++p->in_brief == BRIEF_MEMBERS) {
		arena_free(&p->brief);
		p->brief = arena_new();
		p->in_brief = 0;
	}
	return p->brief ? 0 : fail(err, -ENOMEM, "out of memory");
}

static int pack_member(struct packing *p, int fd, const struct statx *st, const char *path,
		       struct err *err)
{
	struct tar_member m;
	int r = renew_brief(p, err);

	describe(st, path, &m);
	if (r >= 0 && m.type != TAR_DIRECTORY && st->stx_nlink > 1)
		r = find_known(p, st->stx_ino, path, &m.link, err);
	if (m.link)
		m.type = TAR_LINK;
	return r < 0 ? r : put_member(p, fd, &m, err);
}

static int pack_one(struct packing *p, int dir, const char *name, const char *above,
		    struct err *err)
{
	char path[PATH_MAX];
	struct statx st;
	int n = snprintf(path, sizeof(path), "%s/%s", above, name);
	scoped_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (n < 0 || (size_t)n >= sizeof(path))
		return fail(err, -ENAMETOOLONG, "%s/%s", above, name);
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return fail_errno(err, "%s", path);
	if (st.stx_mnt_id != p->mount) /* covered */
		return 0;
	int r = pack_member(p, fd, &st, path, err);
	if (r < 0)
		return fail_in(err, "%s", path);
	return S_ISDIR(st.stx_mode) ? pack_directory(p, fd, path, err) : 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int pack_directory(struct packing *p, int fd, const char *path, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	scoped(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	int r = 0;

	if (!dir)
		return fail_errno(err, "%s", path);
	for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = pack_one(p, dirfd(dir), e->d_name, path, err);
	return r;
}

static int pack_all(struct packing *p, int dir, struct err *err)
{
	struct statx st;

	if (statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
		return fail_errno(err, "statx");
	int r = pack_member(p, dir, &st, "./", err);
	if (r >= 0)
		r = pack_directory(p, dir, ".", err);
	return r < 0 ? r : tar_finish(p->out, err);
}

int tree_pack(int dir, struct tar_out *out, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free struct packing *p = calloc(1, sizeof(*p));
	scoped_free char *buffer = malloc(BUFFER);

	if (!arena || !p || !buffer)
		return fail(err, -ENOMEM, "out of memory");
	p->out = out;
	p->arena = arena;
	p->buffer = buffer;
	int r = mount_of(dir, &p->mount, err);
	if (r >= 0)
		r = pack_all(p, dir, err);
	arena_free(&p->brief);
	return r;
}
