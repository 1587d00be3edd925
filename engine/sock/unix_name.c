/* unix_name.c - the names of unix(7) sockets: abstract ones, and paths with a file
 *
 * Seen   UNIX_DIAG_NAME: as bind(2) got it; SIOCUNIXFILE: its file, wherever that is now.
 * Made   Said again in the container's root directory, and for a relative path in the directory
 *        it was said in.  A socket file that lies there is a dead one (a copy of the root file
 *        system has it too) and is replaced.  A file that was renamed since is renamed again.
 *        A name whose file was removed is bound on a file system of its own that nobody sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/kernel/netdiag.h"
#include "engine/kernel/proc.h"
#include "engine/sock/inside.h"
#include "engine/sock/sock.h"
#include "engine/sock/unix.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

enum { PATH_ROOM = 4096 };

const char *unix_name_text(const void *name, size_t len, char *buf, size_t size)
{
	const char *text = name;

	if (len == 0)
		snprintf(buf, size, "(unnamed)");
	else if (text[0])
		snprintf(buf, size, "%.*s", (int)len, text);
	else
		snprintf(buf, size, "@%.*s", (int)len - 1, text + 1);
	return buf;
}

static bool address(struct sockaddr_un *sun, socklen_t *len, const void *name, size_t name_len)
{
	const char *text = name;

	/* A path that fills sun_path has its NUL behind it. */
	if (name_len == sizeof(sun->sun_path) + 1 && text[0] && !text[name_len - 1])
		name_len--;
	if (name_len == 0 || name_len > sizeof(sun->sun_path))
		return false;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, name, name_len);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
	return true;
}

/* --- looking */

static bool is_file(int dir, const char *path, const struct stat *st)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	struct stat there;

	scoped_fd int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	return fd >= 0 && fstat(fd, &there) == 0 && there.st_ino == st->st_ino &&
	       there.st_dev == st->st_dev;
}

static const char *plain(const char *path) /* without "./" before it */
{
	while (!strncmp(path, "./", 2))
		path += 2 + strspn(path + 2, "/");
	return path;
}

/* A relative name that ends the path: what stands before it is the directory. */
static char *directory_of(struct arena *arena, const char *path, const char *name)
{
	size_t len = strlen(path), tail = strlen(plain(name));

	if (tail + 1 >= len || strcmp(path + len - tail, plain(name)) ||
	    path[len - tail - 1] != '/')
		return NULL;
	return arena_printf(arena, "%.*s", (int)(len - tail - 1), path);
}

/* Or some task still stands where it was said: a name with ".." or a symbolic link in it. */
static char *directory_of_task(const struct fd_dump *dump, const char *name,
			       const struct stat *st)
{
	for (size_t i = 0; i < dump->model->n_tasks; i++) {
		char path[PROC_PATH_MAX], cwd[PATH_ROOM];
		struct stat there;

		proc_path(path, dump->model->task[i]->pid, 0, "cwd");
		ssize_t n = readlink(path, cwd, sizeof(cwd) - 1);
		scoped_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (n > 0 && fd >= 0 && fstatat(fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    there.st_ino == st->st_ino && there.st_dev == st->st_dev)
			return arena_printf(dump->model->arena, "%.*s", (int)n, cwd);
	}
	return NULL;
}

/* path: where its file is. */
static int look_at_place(const struct fd_dump *dump, const char *path, const struct stat *st,
			 UnixSkEntry *e, struct err *err)
{
	struct arena *arena = dump->model->arena;
	const char *name = (const char *)e->name.data;

	if (name[0] == '/' && is_file(dump->root, name, st))
		return 0;
	if (name[0] != '/') {
		e->name_dir = directory_of(arena, path, name);
		if (!e->name_dir)
			e->name_dir = directory_of_task(dump, name, st);
		if (e->name_dir)
			return 0;
		return refuse(
			err,
			"its file %s was bound as %s, in a directory that cannot be found; "
			"bind an absolute path",
			path, name);
	}
	e->path.len = strlen(path) + 1;
	e->path.data = arena_copy(arena, path, e->path.len);
	e->has_path = true;
	return e->path.data ? 0 : fail(err, -ENOMEM, "no memory for a path");
}

static int look_at_file(const struct fd_dump *dump, const struct open_file *file,
			UnixSkEntry *e, struct err *err)
{
	char link[64], path[PATH_ROOM];
	struct stat st;

	scoped_fd int fd = ioctl(file->fd, SIOCUNIXFILE);
	if (fd < 0)
		return fail_errno(err, "ask for the file of %s", (const char *)e->name.data);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, "read %s", link);
	path[n] = '\0';
	file_perms_entry__init(e->file_perms);
	e->file_perms->mode = st.st_mode & 07777;
	e->file_perms->uid = st.st_uid;
	e->file_perms->gid = st.st_gid;
	if (is_file(dump->root, path, &st))
		return look_at_place(dump, path, &st, e, err);
	if (st.st_nlink && !strstr(path, " (deleted)"))
		return refuse(err,
			      "its file %s is not to be seen in the container; close it before "
			      "the checkpoint",
			      path);
	e->has_deleted = e->deleted = true;
	return 0;
}

int unix_name_dump(struct fd_dump *dump, const struct open_file *file,
		   const struct netdiag_unix *seen, UnixSkEntry *e, struct err *err)
{
	struct arena *arena = dump->model->arena;

	if (!seen->named)
		return 0;
	e->name.len = seen->name_len;
	e->name.data = arena_alloc(arena, (size_t)seen->name_len + 1);
	e->file_perms = arena_new_struct(arena, FilePermsEntry);
	if (!e->name.data || !e->file_perms)
		return fail(err, -ENOMEM, "no memory for a name");
	memcpy(e->name.data, seen->name, seen->name_len);
	if (seen->name[0])
		return look_at_file(dump, file, e, err);
	e->file_perms = NULL;
	return 0;
}

/* --- making */

struct binding {
	int fd;
	struct sockaddr_un sun;
	char end; /* of a path that fills sun_path */
	socklen_t len;
	const UnixSkEntry *entry; /* NULL: nowhere */
	const char *path;         /* where the file shall be; NULL: where it is said */
};

static int bind_here(struct binding *b, struct err *err)
{
	return bind(b->fd, (struct sockaddr *)&b->sun, b->len) < 0
		       ? fail_errno(err, "bind %s", b->sun.sun_path)
		       : 0;
}

static int remove_dead(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "look at %s", path);
	if (!S_ISSOCK(st.st_mode))
		return fail(err, -EEXIST, "%s is there and is no socket", path);
	return unlink(path) < 0 ? fail_errno(err, "remove %s", path) : 0;
}

/* Bound by one name and renamed to another, where meanwhile the first may be somebody else's. */
static int bind_and_rename(struct binding *b, struct err *err)
{
	char aside[sizeof(b->sun.sun_path) + 16];

	snprintf(aside, sizeof(aside), "%.*s.ckrun", (int)sizeof(b->sun.sun_path),
		 b->sun.sun_path);
	bool was_there = rename(b->sun.sun_path, aside) == 0;
	int r = bind_here(b, err);
	if (r == 0 && rename(b->sun.sun_path, b->path) < 0)
		r = fail_errno(err, "rename %s to %s", b->sun.sun_path, b->path);
	if (was_there && rename(aside, b->sun.sun_path) < 0 && r == 0)
		r = fail_errno(err, "rename %s to %s", aside, b->sun.sun_path);
	return r;
}

static int set_perms(const char *path, const FilePermsEntry *perms, struct err *err)
{
	if (perms &&
	    (lchown(path, perms->uid, perms->gid) < 0 || chmod(path, perms->mode & 07777) < 0))
		return fail_errno(err, "set owner and mode of %s", path);
	return 0;
}

static int bind_inside(void *arg, struct err *err)
{
	struct binding *b = arg;
	const char *path = b->path ? b->path : b->sun.sun_path;

	int r = remove_dead(path, err);
	if (r == 0)
		r = b->path ? bind_and_rename(b, err) : bind_here(b, err);
	return r < 0 ? r : set_perms(path, b->entry->file_perms, err);
}

static int bind_nowhere(void *arg, struct err *err)
{
	struct binding *b = arg;
	char *path = b->sun.sun_path;

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return fail_errno(err, "make %s", path);
		*slash = '/';
	}
	int r = bind_here(b, err);
	/* removed, or a next look would wonder why nobody sees it */
	if (r == 0 && unlink(path) < 0)
		r = fail_errno(err, "remove %s", path);
	return r;
}

int unix_bind_nowhere(int fd, const void *name, size_t len, struct err *err)
{
	struct binding b = {.fd = fd};

	if (!address(&b.sun, &b.len, name, len))
		return fail(err, -EPROTO, "a name of %zu bytes", len);
	if (!b.sun.sun_path[0])
		return bind_here(&b, err);
	scoped_fd int root = inside_nowhere(err);
	return root < 0 ? root : inside(root, NULL, bind_nowhere, &b, err);
}

int unix_bind(const struct fd_make *make, int fd, const UnixSkEntry *e, struct err *err)
{
	struct binding b = {.fd = fd, .entry = e};

	if (e->name.len == 0)
		return 0;
	if (!address(&b.sun, &b.len, e->name.data, e->name.len))
		return fail(err, -EPROTO, "a name of %zu bytes", e->name.len);
	if (!b.sun.sun_path[0])
		return bind(fd, (struct sockaddr *)&b.sun, b.len) < 0
			       ? fail_errno(err, "bind @%s", b.sun.sun_path + 1)
			       : 0;
	if (e->deleted)
		return unix_bind_nowhere(fd, e->name.data, e->name.len, err);
	if (e->has_path && (!e->path.len || e->path.data[e->path.len - 1]))
		return fail(err, -EPROTO, "a path without an end");
	b.path = e->has_path ? (const char *)e->path.data : NULL;
	return inside(make->root, e->name_dir, bind_inside, &b, err);
}

int unix_reach(int to, struct sockaddr_un *ret, socklen_t *ret_len, int *ret_file,
	       struct err *err)
{
	*ret = (struct sockaddr_un){0};
	*ret_len = sizeof(*ret);
	if (getsockname(to, (struct sockaddr *)ret, ret_len) < 0)
		return fail_errno(err, "getsockname");
	if (*ret_len <= offsetof(struct sockaddr_un, sun_path))
		return fail(err, -EPROTO, "the socket to send to has no name");
	if (!ret->sun_path[0])
		return 0;
	int file = ioctl(to, SIOCUNIXFILE);
	if (file < 0)
		return fail_errno(err, "ask for the file of %s", ret->sun_path);
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d", file);
	*ret_len = sizeof(*ret);
	*ret_file = file;
	return 0;
}

static int connect_to(int fd, const struct sockaddr_un *sun, socklen_t len, struct err *err)
{
	return connect(fd, (const struct sockaddr *)sun, len) < 0 ? fail_errno(err, "connect")
								  : 0;
}

static int connect_inside(void *arg, struct err *err)
{
	struct binding *b = arg;

	return connect_to(b->fd, &b->sun, b->len, err);
}

int unix_connect_inside(const struct fd_make *make, int fd, const void *name, size_t len,
			struct err *err)
{
	struct binding b = {.fd = fd};

	if (!address(&b.sun, &b.len, name, len))
		return fail(err, -EPROTO, "a name of %zu bytes", len);
	return inside(make->root, NULL, connect_inside, &b, err);
}
