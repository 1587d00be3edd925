/* ghost_dump.c - write inodes that have no name */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "engine/fd/ghost.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/image/record.h"
#include "engine/kernel/seekdata.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PIECE = 1 << 20 };

struct ghost_seen {
	struct ghost_seen *next;
	dev_t dev;
	ino_t ino;
	uint32_t id;
};

struct ghosts_seen {
	struct ghost_seen *first;
	uint32_t n;
	RemapFilePathEntry **remap;
	size_t n_remaps;
};

/* Labels come from the bundle; all else would be lost. */
static int check_xattrs(const char *self, struct err *err)
{
	char names[4096];
	ssize_t n = listxattr(self, names, sizeof(names));

	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return fail_errno(err, "list its extended attributes");
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (strcmp(name, "security.selinux"))
			return refuse(err,
				      "a deleted file with extended attributes (%s) cannot be "
				      "carried yet; close it before the checkpoint",
				      name);
	return 0;
}

/* The kernel's own files come and go with what they show. */
static int check_filesystem(int fd, struct err *err)
{
	static const unsigned long kernels[] = {
		0x9fa0,     /* proc */
		0x62656572, /* sysfs */
		0x27e0eb,   /* cgroup */
		0x63677270, /* cgroup2 */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x1cd1,     /* devpts */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, "statfs");
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if ((unsigned long)fs.f_type == kernels[i])
			return refuse(err, "what it showed is gone, and it with it; close it "
					   "before the checkpoint");
	return 0;
}

static int put_chunk(struct image_writer *w, int fd, char *piece, uint64_t at, uint64_t len,
		     struct err *err)
{
	GhostChunkEntry chunk = GHOST_CHUNK_ENTRY__INIT;

	ssize_t n = pread(fd, piece, len, (off_t)at);
	if (n < 0)
		return fail_errno(err, "read it at %llu", (unsigned long long)at);
	if ((uint64_t)n != len)
		return fail(err, -EIO, "read %zd of %llu bytes at %llu", n,
			    (unsigned long long)len, (unsigned long long)at);
	chunk.off = at;
	chunk.len = len;
	int r = record_put(w, &chunk.base, err);
	return r < 0 ? r : record_put_raw(w, piece, len, err);
}

static int put_run(struct image_writer *w, int fd, char *piece, uint64_t at, uint64_t end,
		   struct err *err)
{
	int r = 0;

	for (uint64_t len; r == 0 && at < end; at += len) {
		len = end - at < PIECE ? end - at : PIECE;
		r = put_chunk(w, fd, piece, at, len, err);
	}
	return r;
}

static int put_contents(struct fd_dump *dump, struct image_writer *w, int fd, uint64_t size,
			struct err *err)
{
	scoped_fd int in = path_reopen(fd, O_RDONLY | O_NONBLOCK);
	const struct run whole = {0, (size + 4095) / 4096 * 4096};
	scoped_free char *piece = malloc(PIECE);
	struct runs data = {0};

	if (in < 0)
		return fail_errno(err, "open it for reading");
	if (!piece)
		return fail(err, -ENOMEM, "no memory to read it");
	int r = seekdata_find(in, &whole, dump->model->arena, &data, err);
	for (size_t i = 0; r == 0 && i < data.n; i++)
		r = put_run(w, in, piece, data.run[i].start,
			    data.run[i].end < size ? data.run[i].end : size, err);
	return r;
}

static void note(GhostFileEntry *ghost, const struct stat *st, Timeval *atim, Timeval *mtim)
{
	ghost->uid = st->st_uid;
	ghost->gid = st->st_gid;
	ghost->mode = st->st_mode;
	ghost->has_dev = ghost->has_ino = true;
	ghost->dev = (uint32_t)st->st_dev;
	ghost->ino = st->st_ino;
	atim->tv_sec = (uint64_t)st->st_atim.tv_sec;
	atim->tv_usec = (uint64_t)st->st_atim.tv_nsec / 1000;
	mtim->tv_sec = (uint64_t)st->st_mtim.tv_sec;
	mtim->tv_usec = (uint64_t)st->st_mtim.tv_nsec / 1000;
	ghost->atim = atim;
	ghost->mtim = mtim;
	ghost->has_chunks = ghost->chunks = S_ISREG(st->st_mode);
	ghost->has_size = S_ISREG(st->st_mode);
	ghost->size = (uint64_t)st->st_size;
}

static int put_ghost(struct fd_dump *dump, int fd, const struct stat *st, uint32_t id,
		     struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	GhostFileEntry ghost = GHOST_FILE_ENTRY__INIT;
	Timeval atim = TIMEVAL__INIT, mtim = TIMEVAL__INIT;
	char self[PATH_SELF_MAX];

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISFIFO(st->st_mode))
		return refuse(err,
			      "a deleted file of type 0%o cannot be carried yet; close it "
			      "before the checkpoint",
			      st->st_mode & S_IFMT);
	int r = check_filesystem(fd, err);
	if (r == 0)
		r = check_xattrs(path_self(self, fd), err);
	if (r == 0)
		r = image_writer_open(dump->image, IMAGE_GHOST_FILE, id, &w, err);
	if (r < 0)
		return r;
	note(&ghost, st, &atim, &mtim);
	r = record_put(w, &ghost.base, err);
	if (r == 0 && S_ISREG(st->st_mode))
		r = put_contents(dump, w, fd, ghost.size, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int find_or_put(struct fd_dump *dump, struct ghosts_seen *ghosts, int fd,
		       uint32_t *ret_id, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "stat");
	for (const struct ghost_seen *g = ghosts->first; g; g = g->next)
		if (g->dev == st.st_dev && g->ino == st.st_ino) {
			*ret_id = g->id;
			return 0;
		}
	struct ghost_seen *g = arena_new_struct(dump->model->arena, struct ghost_seen);
	if (!g)
		return fail(err, -ENOMEM, "no memory for a deleted file");
	*g = (struct ghost_seen){ghosts->first, st.st_dev, st.st_ino, ghosts->n + 1};
	int r = put_ghost(dump, fd, &st, g->id, err);
	if (r < 0)
		return r;
	ghosts->first = g;
	ghosts->n++;
	*ret_id = g->id;
	return 0;
}

int ghost_dump(struct fd_dump *dump, int fd, uint32_t id, struct err *err)
{
	struct arena *arena = dump->model->arena;
	uint32_t ghost_id = 0;

	if (!dump->ghosts)
		dump->ghosts = arena_new_struct(arena, struct ghosts_seen);
	struct ghosts_seen *ghosts = dump->ghosts;
	RemapFilePathEntry *remap = arena_new_struct(arena, RemapFilePathEntry);
	if (!ghosts || !remap)
		return fail(err, -ENOMEM, "no memory for a deleted file");
	int r = find_or_put(dump, ghosts, fd, &ghost_id, err);
	if (r < 0)
		return r;
	remap_file_path_entry__init(remap);
	remap->orig_id = id;
	remap->remap_id = ghost_id;
	remap->has_remap_type = true;
	remap->remap_type = REMAP_TYPE__GHOST;
	RemapFilePathEntry **more =
		arena_grow(arena, ghosts->remap, ghosts->n_remaps, sizeof(*more));
	if (!more)
		return fail(err, -ENOMEM, "no memory for a deleted file");
	ghosts->remap = more;
	ghosts->remap[ghosts->n_remaps++] = remap;
	return 0;
}

int ghost_finish(struct fd_dump *dump, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	const struct ghosts_seen *ghosts = dump->ghosts;

	if (!ghosts || !ghosts->n_remaps)
		return 0;
	int r = image_writer_open(dump->image, IMAGE_REMAP_FPATH, 0, &w, err);
	for (size_t i = 0; r == 0 && i < ghosts->n_remaps; i++)
		r = record_put(w, &ghosts->remap[i]->base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}
