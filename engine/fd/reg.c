/* reg.c - regular files, directories, harmless devices and O_PATH descriptors
 *
 * Seen   the link is a path; reg.h says how it is proved.
 * Made   opened again below the container's root: reg_open.c.  Deleted: ghost.h.
 * Outside  a file that the container's root does not show, and a root task has as stdin,
 *        stdout or stderr: the image has its name, what takes its place is given at restore.
 *        A device of the host that the container has too (/dev/null) is the container's.
 * Devices  /dev/null, zero, full, random, urandom: they keep nothing.
 * Lost   O_TMPFILE in the flags of a file that got a name; atime; which name a file with
 *        several was opened by, if that one was deleted: it is opened by another.
 * Refused  a path that shows another file now; a deleted file whose other names are not seen;
 *        triggers of pressure files (Linux 5.2); a directory half read if it is another
 *        directory at restore.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/fd/fown.h"
#include "engine/fd/ghost.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/fd/reg.h"
#include "engine/fd/reg_place.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* Objects of the kernel's own file systems: their links look like paths. */
static bool is_kernels_own(const struct open_file *file)
{
	static const char *const name[] = {"/memfd:", "/SYSV",   "/anon_hugepage",
					   "/[aio]",  "/dmabuf", "/secretmem"};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (!strncmp(file->link, name[i], strlen(name[i])))
			return file->st.st_nlink == 0 || !strncmp(name[i], "/dmabuf", 7);
	return false;
}

static bool reg_match(const struct open_file *file)
{
	if (file->link[0] != '/' || is_kernels_own(file))
		return false;
	if (file->flags & O_PATH)
		return true;
	if (S_ISCHR(file->st.st_mode))
		return reg_is_harmless(file->st.st_rdev);
	return S_ISREG(file->st.st_mode) || S_ISDIR(file->st.st_mode);
}

/* A trigger is a private part of the open file that nothing shows. */
static int check_trigger(const struct reg_look *look, struct err *err)
{
	const char *base = path_base(look->link);
	size_t len = strlen(base);
	bool pressure = !strncmp(look->link, "/proc/pressure/", 15) ||
			(len > 9 && !strcmp(base + len - 9, ".pressure"));

	if (!pressure || (look->flags & O_PATH) || (look->flags & O_ACCMODE) == O_RDONLY)
		return 0;
	return refuse(err, "it may hold a pressure trigger, which cannot be carried; close it "
			   "before the checkpoint");
}

/* Is a directory's listing over?  Asked through a description of our own. */
static bool is_listed(const struct reg_look *look, uint64_t pos)
{
	scoped_fd int fd = path_reopen(look->fd, O_RDONLY | O_DIRECTORY);
	char entries[4096];

	return fd >= 0 && lseek(fd, (off_t)pos, SEEK_SET) >= 0 &&
	       getdents64(fd, entries, sizeof(entries)) == 0;
}

static void reg_note(RegFileEntry *reg, const struct reg_look *look, uint64_t pos)
{
	const struct stat *st = look->st;

	reg->flags = look->flags;
	reg->pos = pos;
	reg->has_mode = true;
	reg->mode = st->st_mode;
	if (S_ISREG(st->st_mode)) {
		reg->has_size = true;
		reg->size = (uint64_t)st->st_size;
		reg->has_mtime_ns = true;
		reg->mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000u +
				(uint64_t)st->st_mtim.tv_nsec;
	}
	reg->has_ino = reg->has_dev = true;
	reg->ino = st->st_ino;
	reg->dev = st->st_dev;
	if (S_ISDIR(st->st_mode) && pos) {
		reg->has_listed = true;
		reg->listed = is_listed(look, pos);
	}
}

/* Everything but the owner. */
static int reg_fill(struct fd_dump *dump, struct open_file *file, const struct reg_look *look,
		    struct err *err)
{
	RegFileEntry *reg = arena_new_struct(dump->model->arena, RegFileEntry);
	const char *path = look->link;

	if (!reg)
		return fail(err, -ENOMEM, "no memory for %s", look->link);
	reg_file_entry__init(reg);
	int place = check_trigger(look, err);
	if (place == 0)
		place = reg_place(dump, look, &path, err);
	if (place < 0)
		return fail_in(err, "%s", look->link);
	reg->id = file->id;
	reg->name = (char *)path;
	reg->has_mnt_id = file->mnt_id > 0;
	reg->mnt_id = file->mnt_id;
	reg->has_ext = reg->ext = place == PLACE_STDIO;
	reg_note(reg, look, file->pos);
	file->entry->reg = reg;
	if (place != PLACE_GHOST)
		return 0;
	int r = ghost_dump(dump, look->fd, file->id, err);
	return r < 0 ? fail_in(err, "%s", look->link) : 0;
}

static int reg_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	const struct reg_look look = {.fd = file->fd,
				      .st = &file->st,
				      .link = file->link,
				      .flags = file->flags,
				      .stdio = file};

	int r = reg_fill(dump, file, &look, err);
	return r < 0 ? r : fown_dump(dump, file, &file->entry->reg->fown, err);
}

enum { BUCKETS = 1024 };

struct reg_seen {
	struct reg_seen *next;
	struct open_file *file;
};

static bool same_reference(const struct open_file *file, const struct reg_look *look)
{
	return file->st.st_ino == look->st->st_ino && file->st.st_dev == look->st->st_dev &&
	       file->flags == look->flags && !strcmp(file->link, look->link);
}

extern const struct fd_kind fd_reg;

static struct open_file *add_reference(struct fd_dump *dump, const struct reg_look *look)
{
	struct open_file *file = model_add_file(dump->model);

	if (!file)
		return NULL;
	file->kind = &fd_reg;
	file->st = *look->st;
	file->flags = look->flags;
	file->mnt_id = (int)path_mount(look->fd);
	file->link = arena_strdup(dump->model->arena, look->link);
	file->entry = arena_new_struct(dump->model->arena, FileEntry);
	if (!file->entry || !file->link)
		return NULL;
	file_entry__init(file->entry);
	file->entry->type = FD_TYPES__REG;
	file->entry->id = file->id;
	return file;
}

static int reg_reference(struct fd_dump *dump, const struct reg_look *look,
			 struct open_file **ret, struct err *err)
{
	static const FownEntry nobody = FOWN_ENTRY__INIT;
	struct open_file *file = add_reference(dump, look);

	if (!file)
		return fail(err, -ENOMEM, "no memory for %s", look->link);
	struct reg_look lasting = *look;
	lasting.link = file->link; /* the caller's may go before the entry is written */
	int r = reg_fill(dump, file, &lasting, err);
	if (r < 0)
		return r;
	file->entry->reg->fown = arena_copy(dump->model->arena, &nobody, sizeof(nobody));
	if (!file->entry->reg->fown)
		return fail(err, -ENOMEM, "no memory for %s", look->link);
	*ret = file;
	return 0;
}

int reg_describe_file(struct fd_dump *dump, const struct open_file *file,
		      struct open_file **ret, struct err *err)
{
	const struct reg_look look = {.fd = file->fd,
				      .st = &file->st,
				      .link = file->link,
				      .flags = file->flags,
				      .stdio = file};

	int r = reg_reference(dump, &look, ret, err);
	return r < 0 ? r : fown_dump(dump, file, &(*ret)->entry->reg->fown, err);
}

int reg_describe(struct fd_dump *dump, int fd, const char *link, uint32_t flags,
		 struct open_file **ret, struct err *err)
{
	struct arena *arena = dump->model->arena;
	struct reg_seen **bucket, *seen;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "stat %s", link);
	const struct reg_look look = {.fd = fd, .st = &st, .link = link, .flags = flags};
	if (!dump->regs)
		dump->regs = arena_alloc(arena, BUCKETS * sizeof(struct reg_seen *));
	if (!dump->regs)
		return fail(err, -ENOMEM, "no memory for the files that are mapped");
	bucket = (struct reg_seen **)dump->regs + st.st_ino % BUCKETS;
	for (seen = *bucket; seen; seen = seen->next)
		if (same_reference(seen->file, &look)) {
			*ret = seen->file;
			return 0;
		}
	seen = arena_new_struct(arena, struct reg_seen);
	if (!seen)
		return fail(err, -ENOMEM, "no memory for %s", link);
	int r = reg_reference(dump, &look, &seen->file, err);
	if (r < 0)
		return r;
	seen->next = *bucket;
	*bucket = seen;
	*ret = seen->file;
	return 0;
}

/* The directory's end, wherever that is in this file system. */
static int read_listing(int fd, struct err *err)
{
	char entries[4096];
	ssize_t n;

	while ((n = getdents64(fd, entries, sizeof(entries))) > 0)
		;
	return n < 0 ? fail_errno(err, "list the directory") : 0;
}

static int reg_seek(int fd, const RegFileEntry *reg, struct err *err)
{
	struct stat st;

	if (reg->pos == 0 || (reg->flags & O_PATH))
		return 0;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "stat");
	if (S_ISDIR(st.st_mode) && reg->has_listed && reg->listed)
		return read_listing(fd, err);
	if (S_ISDIR(st.st_mode) && reg->has_ino &&
	    (reg->ino != st.st_ino || reg->dev != st.st_dev))
		return refuse(err, "its listing is half read, and it is another directory now");
	off_t pos = lseek(fd, (off_t)reg->pos, SEEK_SET);
	if (pos < 0)
		return fail_errno(err, "seek to %llu", (unsigned long long)reg->pos);
	if ((uint64_t)pos != reg->pos)
		return fail(err, -EIO, "seek to %llu went to %lld",
			    (unsigned long long)reg->pos, (long long)pos);
	return 0;
}

static int reg_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
		       struct err *err)
{
	const RegFileEntry *reg = file->entry->reg;
	scoped_fd int fd = -1;

	if (!reg)
		return fail(err, -EPROTO, "the record has no state");
	int r = reg_open(make, file->entry, reg->flags, &fd, err);
	if (r < 0)
		return r;
	r = reg->ext ? 0 : reg_seek(fd, reg, err);
	if (r < 0)
		return fail_in(err, "%s", reg->name);
	r = fown_restore(make, fd, reg->flags, reg->fown, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct fd_kind fd_reg = {
	.name = "file",
	.type = FD_TYPES__REG,
	.match = reg_match,
	.dump = reg_dump,
	.finish = ghost_finish,
	.restore = reg_restore,
};
