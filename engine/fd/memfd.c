/* memfd.c - memfd_create(2), as it is; memfd_make.c makes it again */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/memfd.h"
#include "engine/fd/path.h"
#include "engine/image/pages.h"
#include "engine/image/record.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "engine/kernel/seekdata.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define PREFIX "/memfd:"
#define DELETED " (deleted)"
#define HUGETLBFS 0x958458f6

enum { PIECE = 1 << 20 };

struct memfd_seen {
	struct memfd_seen *next;
	dev_t dev;
	MemfdInodeEntry inode;
};

static bool memfd_match(const struct open_file *file)
{
	return S_ISREG(file->st.st_mode) && file->st.st_nlink == 0 && !(file->flags & O_PATH) &&
	       !strncmp(file->link, PREFIX, strlen(PREFIX));
}

static int put_run(struct pages_writer *w, int fd, char *piece, const struct run *run,
		   struct err *err)
{
	for (uint64_t at = run->start, len; at < run->end; at += len) {
		len = run->end - at < PIECE ? run->end - at : PIECE;
		const struct page_run pages = {
			.vaddr = at, .nr_pages = len / IMAGE_PAGE, .flags = PE_PRESENT};
		const struct iovec data = {piece, len};

		memset(piece, 0, len); /* behind the end of the file */
		if (pread(fd, piece, len, (off_t)at) < 0)
			return fail_errno(err, "read it at %llu", (unsigned long long)at);
		int r = pages_put(w, &pages, &data, 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_contents(struct fd_dump *dump, int fd, const MemfdInodeEntry *inode,
			struct err *err)
{
	scoped(pages_writer_drop) struct pages_writer *w = NULL;
	scoped_fd int in = path_reopen(fd, O_RDONLY);
	const struct run whole = {0, (inode->size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE};
	scoped_free char *piece = aligned_alloc(IMAGE_PAGE, PIECE);
	struct runs data = {0};

	if (in < 0)
		return fail_errno(err, "open it for reading");
	if (!piece)
		return fail(err, -ENOMEM, "no memory to read it");
	int r = seekdata_find(in, &whole, dump->model->arena, &data, err);
	if (r == 0)
		r = pages_create(dump->image, IMAGE_PAGEMAP_SHMEM, inode->shmid, &w, err);
	for (size_t i = 0; r == 0 && i < data.n; i++)
		r = put_run(w, in, piece, &data.run[i], err);
	return r < 0 ? r : pages_close(&w, err);
}

/* "/memfd:NAME (deleted)" -> "NAME" */
static char *name_of(struct arena *arena, const char *link)
{
	size_t len = strlen(link + strlen(PREFIX)), tail = strlen(DELETED);

	if (len >= tail && !strcmp(link + strlen(link) - tail, DELETED))
		len -= tail;
	return arena_printf(arena, "%.*s", (int)len, link + strlen(PREFIX));
}

/* Contents are filed by number beside those of System V segments, whose ids are less than this. */
static const uint32_t NO_SEGMENT = 1U << 31;

static int look(struct fd_dump *dump, int fd, const struct stat *st, const char *link,
		MemfdInodeEntry *inode, struct err *err)
{
	scoped_fd int in = path_reopen(fd, O_RDONLY); /* of a mapping we may have O_PATH only */
	int seals = in < 0 ? -1 : fcntl(in, F_GET_SEALS);
	struct statfs fs;

	if (seals < 0 || fstatfs(fd, &fs) < 0)
		return fail_errno(err, "seals of %s", link);
	if ((unsigned long)fs.f_type == HUGETLBFS)
		return refuse(err,
			      "%s: memory of huge pages cannot be carried yet; close it before "
			      "the checkpoint",
			      link);
	memfd_inode_entry__init(inode);
	inode->name = name_of(dump->model->arena, link);
	if (!inode->name)
		return fail(err, -ENOMEM, "no memory for %s", link);
	inode->uid = st->st_uid;
	inode->gid = st->st_gid;
	inode->size = (uint64_t)st->st_size;
	inode->shmid = (uint32_t)st->st_ino | NO_SEGMENT;
	inode->seals = (uint32_t)seals;
	inode->inode_id = st->st_ino;
	inode->has_mode = true;
	inode->mode = st->st_mode;
	return put_contents(dump, fd, inode, err);
}

static int see(struct fd_dump *dump, int fd, const char *link, uint32_t *ret_id,
	       struct err *err)
{
	struct memfd_seen *seen = dump->memfds;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "stat %s", link);
	while (seen && !(seen->dev == st.st_dev && seen->inode.inode_id == st.st_ino))
		seen = seen->next;
	if (!seen) {
		seen = arena_new_struct(dump->model->arena, struct memfd_seen);
		if (!seen)
			return fail(err, -ENOMEM, "no memory for %s", link);
		int r = look(dump, fd, &st, link, &seen->inode, err);
		if (r < 0)
			return r;
		seen->dev = st.st_dev;
		seen->next = dump->memfds;
		dump->memfds = seen;
	}
	*ret_id = (uint32_t)seen->inode.inode_id;
	return 0;
}

static int fill(struct fd_dump *dump, struct open_file *file, int fd, struct err *err)
{
	MemfdFileEntry *memfd = arena_new_struct(dump->model->arena, MemfdFileEntry);

	if (!memfd)
		return fail(err, -ENOMEM, "no memory for %s", file->link);
	memfd_file_entry__init(memfd);
	memfd->id = file->id;
	memfd->flags = file->flags;
	memfd->pos = file->pos;
	file->entry->memfd = memfd;
	return see(dump, fd, file->link, &memfd->inode_id, err);
}

static int memfd_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	int r = fill(dump, file, file->fd, err);

	return r < 0 ? r : fown_dump(dump, file, &file->entry->memfd->fown, err);
}

extern const struct fd_kind fd_memfd;

int memfd_describe(struct fd_dump *dump, int fd, const char *link, uint32_t flags,
		   struct open_file **ret, struct err *err)
{
	static const FownEntry nobody = FOWN_ENTRY__INIT;
	struct arena *arena = dump->model->arena;
	struct open_file *file = model_add_file(dump->model);
	FileEntry *entry = arena_new_struct(arena, FileEntry);
	FownEntry *fown = arena_copy(arena, &nobody, sizeof(nobody));
	char *name = arena_strdup(arena, link);

	if (!file || !entry || !fown || !name)
		return fail(err, -ENOMEM, "no memory for %s", link);
	file_entry__init(entry);
	entry->type = FD_TYPES__MEMFD;
	entry->id = file->id;
	file->kind = &fd_memfd;
	file->entry = entry;
	file->link = name;
	file->flags = flags;
	int r = fill(dump, file, fd, err);
	if (r < 0)
		return r;
	entry->memfd->fown = fown;
	*ret = file;
	return 0;
}

static int memfd_finish(struct fd_dump *dump, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = 0;

	if (!dump->memfds)
		return 0;
	r = image_writer_open(dump->image, IMAGE_MEMFD_INODE, 0, &w, err);
	for (const struct memfd_seen *seen = dump->memfds; r == 0 && seen; seen = seen->next)
		r = record_put(w, &seen->inode.base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int memfd_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			 struct err *err)
{
	const MemfdFileEntry *memfd = file->entry->memfd;
	scoped_fd int fd = -1;

	if (!memfd)
		return fail(err, -EPROTO, "the record has no state");
	int r = memfd_open(make, file->entry, memfd->flags, &fd, err);
	if (r < 0)
		return r;
	if (memfd->pos && lseek(fd, (off_t)memfd->pos, SEEK_SET) < 0)
		return fail_errno(err, "seek to %llu", (unsigned long long)memfd->pos);
	r = fown_restore(make, fd, memfd->flags, memfd->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

const struct fd_kind fd_memfd = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.match = memfd_match,
	.dump = memfd_dump,
	.finish = memfd_finish,
	.restore = memfd_restore,
};
