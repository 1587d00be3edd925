/* ghost_make.c - make inodes that have no name again
 *
 * An O_PATH descriptor stays, through which everything opens the inode.  Two sorts of files
 * need more, to show the flags they had: with O_NOFOLLOW it is opened while the inode has a
 * name, because a link of /proc does not take that flag; with O_TMPFILE open(2) gives inode
 * and description in one.  Those wait until they are asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "engine/fd/ghost.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct ghost_made {
	struct ghost_made *next;
	uint32_t id;
	int fd; /* O_PATH */
};

struct ghost_opened { /* for file `id` of the model */
	struct ghost_opened *next;
	uint32_t id;
	int fd;
};

struct ghosts {
	RemapFilePathEntry **remap;
	size_t n_remaps;
	struct ghost_made *made;
	struct ghost_opened *opened;
};

/* One ghost on its way: where it is made, and what it is. */
struct birth {
	struct fd_make *make;
	struct ghosts *ghosts;
	uint32_t id;
	const char *path;
	int dir;
	char name[NAME_MAX + 1]; /* in dir; "" with O_TMPFILE */
	const GhostFileEntry *entry;
	int fd; /* O_PATH */
};

static const RemapFilePathEntry *remap_of(const struct ghosts *ghosts, uint32_t id)
{
	for (size_t i = 0; i < ghosts->n_remaps; i++)
		if (ghosts->remap[i]->orig_id == id)
			return ghosts->remap[i];
	return NULL;
}

/* The flags with which a file of the model refers to this ghost; 0: it does not. */
static uint32_t flags_of(const struct birth *birth, const struct open_file *file)
{
	const RemapFilePathEntry *remap = remap_of(birth->ghosts, file->id);

	if (!remap || remap->remap_id != birth->id || !file->entry || !file->entry->reg)
		return 0;
	return file->entry->reg->flags;
}

static int keep(const struct birth *birth, uint32_t file_id, int fd_taken, struct err *err)
{
	struct ghost_opened *opened =
		arena_new_struct(birth->make->model->arena, struct ghost_opened);

	if (!opened) {
		close(fd_taken);
		return fail(err, -ENOMEM, "no memory for a deleted file");
	}
	*opened = (struct ghost_opened){birth->ghosts->opened, file_id, fd_taken};
	birth->ghosts->opened = opened;
	return 0;
}

/* 1: made; 0: none of its files was opened so. */
static int make_tmpfile(struct birth *birth, struct err *err)
{
	const struct model *model = birth->make->model;
	uint32_t flags = 0;
	size_t i = 0;

	for (; i < model->n_files; i++) {
		flags = flags_of(birth, model->file[i]);
		if ((flags & O_TMPFILE) == O_TMPFILE)
			break;
	}
	if (i == model->n_files)
		return 0;
	int fd = openat(birth->dir, ".", (int)path_flags(flags) | O_TMPFILE, 0600);
	if (fd < 0)
		return fail_errno(err, "open a file without name");
	birth->fd = path_reopen(fd, O_PATH);
	if (birth->fd < 0) {
		fail_errno(err, "open it");
		close(fd);
		return err->code;
	}
	return keep(birth, model->file[i]->id, fd, err) < 0 ? err->code : 1;
}

static int create(const struct birth *birth)
{
	mode_t mode = birth->entry->mode;
	int fd;

	if (S_ISDIR(mode))
		return mkdirat(birth->dir, birth->name, 0700);
	if (S_ISFIFO(mode))
		return mknodat(birth->dir, birth->name, S_IFIFO | 0600, 0);
	fd = openat(birth->dir, birth->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int make_named(struct birth *birth, struct err *err)
{
	snprintf(birth->name, sizeof(birth->name), "%s", path_base(birth->path));
	if (create(birth) < 0 && errno != EEXIST)
		return fail_errno(err, "make it again to open it");
	if (errno == EEXIST) { /* another file has the name now */
		snprintf(birth->name, sizeof(birth->name), ".ckrun-%d-%u", getpid(), birth->id);
		if (create(birth) < 0)
			return fail_errno(err, "make %s", birth->name);
	}
	birth->fd = openat(birth->dir, birth->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (birth->fd >= 0)
		return 0;
	fail_errno(err, "open it");
	(void)unlinkat(birth->dir, birth->name, S_ISDIR(birth->entry->mode) ? AT_REMOVEDIR : 0);
	return err->code;
}

static int fill_chunk(int fd, struct image_reader *in, struct arena *arena, struct err *err)
{
	const void *data;
	void *message;

	int r = record_get(in, &ghost_chunk_entry__descriptor, arena, &message, err);
	if (r <= 0)
		return r;
	const GhostChunkEntry *chunk = message;
	r = record_get_raw(in, chunk->len, &data, err);
	if (r < 0)
		return r;
	ssize_t n = pwrite(fd, data, chunk->len, (off_t)chunk->off);
	if (n < 0)
		return fail_errno(err, "write it");
	return (uint64_t)n == chunk->len ? 1 : fail(err, -ENOSPC, "write it: file is short");
}

/* Without chunks the rest of the file is the contents (images of CRIU). */
static int fill_plain(int fd, struct image_reader *in, struct err *err)
{
	uint64_t len = record_left(in);
	const void *data;

	int r = record_get_raw(in, len, &data, err);
	if (r < 0)
		return r;
	ssize_t n = write(fd, data, len);
	if (n < 0)
		return fail_errno(err, "write it");
	return (uint64_t)n == len ? 0 : fail(err, -ENOSPC, "write it: file is short");
}

static int fill(const struct birth *birth, struct image_reader *in, struct err *err)
{
	scoped_fd int fd = path_reopen(birth->fd, O_WRONLY);
	int r = 0;

	if (fd < 0)
		return fail_errno(err, "open it for writing");
	if (!birth->entry->has_chunks || !birth->entry->chunks)
		return fill_plain(fd, in, err);
	while ((r = fill_chunk(fd, in, birth->make->model->arena, err)) > 0)
		;
	if (r == 0 && birth->entry->has_size && ftruncate(fd, (off_t)birth->entry->size) < 0)
		return fail_errno(err, "set its size");
	return r;
}

static struct timespec time_of(const Timeval *tv)
{
	if (!tv)
		return (struct timespec){.tv_nsec = UTIME_OMIT};
	return (struct timespec){(time_t)tv->tv_sec, (long)tv->tv_usec * 1000};
}

static int dress(const struct birth *birth, struct err *err)
{
	const GhostFileEntry *entry = birth->entry;
	const struct timespec times[2] = {time_of(entry->atim), time_of(entry->mtim)};
	char self[PATH_SELF_MAX];

	path_self(self, birth->fd);
	if (chown(self, entry->uid, entry->gid) < 0)
		return fail_errno(err, "chown %u:%u", entry->uid, entry->gid);
	if (chmod(self, entry->mode & 07777) < 0)
		return fail_errno(err, "chmod 0%o", entry->mode & 07777);
	return utimensat(AT_FDCWD, self, times, 0) < 0 ? fail_errno(err, "set its times") : 0;
}

static int open_nofollow(const struct birth *birth, struct err *err)
{
	const struct model *model = birth->make->model;

	for (size_t i = 0; i < model->n_files && !S_ISFIFO(birth->entry->mode); i++) {
		uint32_t flags = flags_of(birth, model->file[i]);

		if (!(flags & O_NOFOLLOW))
			continue;
		int fd = openat(birth->dir, birth->name, (int)path_flags(flags));
		if (fd < 0)
			return fail_errno(err, "open it with flags 0%o", flags);
		int r = keep(birth, model->file[i]->id, fd, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Contents, owner and flags while it has a name; the name goes whatever comes. */
static int live_and_die(struct birth *birth, struct image_reader *in, struct err *err)
{
	int r = S_ISREG(birth->entry->mode) ? fill(birth, in, err) : 0;

	if (r == 0)
		r = dress(birth, err);
	if (r == 0 && birth->name[0])
		r = open_nofollow(birth, err);
	if (birth->name[0] && unlinkat(birth->dir, birth->name,
				       S_ISDIR(birth->entry->mode) ? AT_REMOVEDIR : 0) < 0)
		return r < 0 ? r : fail_errno(err, "remove its name");
	return r;
}

static int bear(struct birth *birth, struct image_reader *in, struct err *err)
{
	struct stat st;

	if (fstat(birth->dir, &st) < 0)
		return fail_errno(err, "stat its directory");
	int r = S_ISREG(birth->entry->mode) ? make_tmpfile(birth, err) : 0;
	if (r == 0)
		r = make_named(birth, err);
	if (r < 0)
		return r;
	r = live_and_die(birth, in, err);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (r == 0 && utimensat(birth->dir, ".", times, 0) < 0) /* nobody shall see we came */
		return fail_errno(err, "set the times of its directory");
	return r;
}

static int ghost_make(struct fd_make *make, struct ghosts *ghosts, uint32_t id,
		      const char *path, struct ghost_made **ret, struct err *err)
{
	struct arena *arena = make->model->arena;
	scoped(image_reader_drop) struct image_reader *in = NULL;
	struct ghost_made *made = arena_new_struct(arena, struct ghost_made);
	struct birth birth = {.make = make, .ghosts = ghosts, .id = id, .path = path, .fd = -1};
	void *entry = NULL;

	if (!made)
		return fail(err, -ENOMEM, "no memory for a deleted file");
	int r = image_reader_open(make->image, IMAGE_GHOST_FILE, id, &in, err);
	if (r < 0)
		return r;
	r = record_get(in, &ghost_file_entry__descriptor, arena, &entry, err);
	if (r <= 0)
		return r < 0 ? r : fail(err, -EPROTO, "its ghost file is empty");
	birth.entry = entry;
	scoped_fd int dir = path_parent(make->root, path);
	birth.dir = dir;
	if (dir < 0)
		return fail_errno(err, "find its directory");
	r = bear(&birth, in, err);
	*made = (struct ghost_made){ghosts->made, id, birth.fd};
	if (r < 0) {
		scope_close(&birth.fd);
		return r;
	}
	ghosts->made = *ret = made;
	return 0;
}

static int load(struct fd_make *make, struct err *err)
{
	struct ghosts *ghosts = arena_new_struct(make->model->arena, struct ghosts);
	void **remap = NULL;

	if (!ghosts)
		return fail(err, -ENOMEM, "no memory for deleted files");
	int r = image_get_all(make->image, IMAGE_REMAP_FPATH, 0, make->model->arena, &remap,
			      &ghosts->n_remaps, err);
	if (r < 0 && r != -ENOENT)
		return r;
	ghosts->remap = (RemapFilePathEntry **)remap;
	make->ghosts = ghosts;
	return 0;
}

static int take_opened(struct ghosts *ghosts, uint32_t file_id)
{
	for (struct ghost_opened *o = ghosts->opened; o; o = o->next)
		if (o->id == file_id && o->fd >= 0)
			return take_fd(&o->fd);
	return -1;
}

int ghost_open(struct fd_make *make, const RegFileEntry *reg, uint32_t flags, int *ret_fd,
	       struct err *err)
{
	int r = make->ghosts ? 0 : load(make, err);

	if (r < 0)
		return r;
	struct ghosts *ghosts = make->ghosts;
	const RemapFilePathEntry *remap = remap_of(ghosts, reg->id);
	if (!remap)
		return 0;
	if (remap->has_remap_type && remap->remap_type != REMAP_TYPE__GHOST)
		return refuse(err, "it stands for a file of a sort that ckrun does not know");
	struct ghost_made *made = ghosts->made;
	while (made && made->id != remap->remap_id)
		made = made->next;
	if (!made)
		r = ghost_make(make, ghosts, remap->remap_id, reg->name, &made, err);
	if (r < 0)
		return r;
	int fd = flags == reg->flags ? take_opened(ghosts, reg->id) : -1;
	if (fd < 0)
		fd = path_reopen(made->fd, flags);
	if (fd < 0)
		return fail_errno(err, "open it with flags 0%o", flags);
	*ret_fd = fd;
	return 1;
}

void ghost_end(struct fd_make *make)
{
	struct ghosts *ghosts = make->ghosts;

	for (struct ghost_made *made = ghosts ? ghosts->made : NULL; made; made = made->next)
		scope_close(&made->fd);
	for (struct ghost_opened *o = ghosts ? ghosts->opened : NULL; o; o = o->next)
		scope_close(&o->fd);
	make->ghosts = NULL;
}
