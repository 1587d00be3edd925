/* reg_open.c - open a file of the image again, if it is what it was */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "engine/fd/ghost.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/fd/reg.h"
#include "engine/fd/reg_place.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static int check_same(const RegFileEntry *reg, const struct stat *st, struct err *err)
{
	if (reg->has_mode && (reg->mode & S_IFMT) != (st->st_mode & S_IFMT))
		return refuse(err, "was of type 0%o, is of type 0%o", reg->mode & S_IFMT,
			      st->st_mode & S_IFMT);
	if (!S_ISREG(st->st_mode))
		return 0;
	if (reg->has_size && reg->size != (uint64_t)st->st_size)
		return refuse(err, "had %llu bytes, has %lld", (unsigned long long)reg->size,
			      (long long)st->st_size);
	if (reg->has_mode && (reg->mode & 07777) != (st->st_mode & 07777))
		return refuse(err, "had mode %04o, has mode %04o", reg->mode & 07777,
			      st->st_mode & 07777);
	return 0;
}

/* Only the memory devices that ckrun carries; what else may be opened has a room of its own. */
static int check_device(const struct stat *st, struct err *err)
{
	if (S_ISCHR(st->st_mode) && reg_is_harmless(st->st_rdev))
		return 0;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return refuse(err, "device %u:%u is not one that ckrun opens",
			      major(st->st_rdev), minor(st->st_rdev));
	return 0;
}

/* Looked at before it is opened: opening a device can set it going. */
static int look_at(const struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
		   int *ret_at, struct stat *ret, struct err *err)
{
	scoped_fd int at = path_open(make->root, reg->name, O_PATH | O_NOFOLLOW);

	if (at < 0 || fstat(at, ret) < 0)
		return fail_errno(err, "find it in the container");
	int r = check_same(reg, ret, err);
	if (r == 0 && !(flags & O_PATH))
		r = check_device(ret, err);
	if (r < 0)
		return r;
	*ret_at = take_fd(&at);
	return 0;
}

/* O_NOFOLLOW stays visible in the flags, and the link of /proc is one. */
static int open_nofollow(const struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
			 const struct stat *st, struct err *err)
{
	struct stat now;
	int fd = path_open(make->root, reg->name, flags);

	if (fd < 0)
		return fail_errno(err, "open it with flags 0%o", flags);
	if (fstat(fd, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev)
		return fd;
	close(fd);
	return fail(err, -EAGAIN, "somebody replaced it meanwhile");
}

static int from_path(const struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
		     int *ret_fd, struct err *err)
{
	scoped_fd int at = -1;
	struct stat st;
	int fd;

	int r = look_at(make, reg, flags, &at, &st, err);
	if (r < 0)
		return r;
	if (flags & (O_NOFOLLOW | O_PATH))
		fd = open_nofollow(make, reg, flags, &st, err);
	else if ((fd = path_reopen(at, flags)) < 0)
		return fail_errno(err, "open it with flags 0%o", flags);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int from_stdio(const struct fd_make *make, const RegFileEntry *reg, int *ret_fd,
		      struct err *err)
{
	int stdio = fd_stdio_take(make, reg->name);

	if (stdio < 0)
		return fail(err, stdio,
			    "it was stdio from outside, and nothing takes its place");
	int fd = fcntl(stdio, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail_errno(err, "dup of stdio");
	*ret_fd = fd;
	return 0;
}

int reg_open(struct fd_make *make, const FileEntry *entry, uint32_t flags, int *ret_fd,
	     struct err *err)
{
	const RegFileEntry *reg = entry->reg;
	int r;

	if (!reg)
		return fail(err, -EPROTO, "file %u of the image has no path", entry->id);
	if (reg->has_ext && reg->ext)
		r = from_stdio(make, reg, ret_fd, err);
	else if ((r = ghost_open(make, reg, flags, ret_fd, err)) == 0)
		r = from_path(make, reg, flags, ret_fd, err);
	return r < 0 ? fail_in(err, "%s", reg->name) : 0;
}
