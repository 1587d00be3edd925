/* memfd_make.c - make the memory of memfds again, and seal it */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/fd/kind.h"
#include "engine/fd/memfd.h"
#include "engine/fd/path.h"
#include "engine/image/one.h"
#include "engine/image/pages.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

struct memfds {
	MemfdInodeEntry **inode;
	size_t n;
	int *fd; /* [n], -1 until made */
};

static int load(struct fd_make *make, struct err *err)
{
	struct arena *arena = make->model->arena;
	struct memfds *memfds = arena_new_struct(arena, struct memfds);
	void **inode = NULL;

	if (!memfds)
		return fail(err, -ENOMEM, "no memory for memfds");
	int r = image_get_all(make->image, IMAGE_MEMFD_INODE, 0, arena, &inode, &memfds->n,
			      err);
	if (r < 0)
		return r;
	memfds->inode = (MemfdInodeEntry **)inode;
	memfds->fd = arena_alloc(arena, memfds->n * sizeof(int));
	if (!memfds->fd)
		return fail(err, -ENOMEM, "no memory for memfds");
	for (size_t i = 0; i < memfds->n; i++)
		memfds->fd[i] = -1;
	make->memfds = memfds;
	return 0;
}

static int put_runs(int fd, const struct pages_reader *in, const MemfdInodeEntry *inode,
		    struct err *err)
{
	uint64_t size = 0;
	size_t n = 0;
	const char *data = pages_data(in, &size);
	const struct page_run *run = pages_runs(in, &n);

	for (size_t i = 0; i < n; i++) {
		uint64_t at = run[i].vaddr, len = run[i].nr_pages * IMAGE_PAGE;

		if (!(run[i].flags & PE_PRESENT) || at >= inode->size)
			continue;
		if (len > inode->size - at)
			len = inode->size - at;
		for (uint64_t done = 0; done < len;) {
			ssize_t got = pwrite(fd, data + run[i].offset + done, len - done,
					     (off_t)(at + done));
			if (got < 0)
				return fail_errno(err, "write it at %llu",
						  (unsigned long long)(at + done));
			done += (uint64_t)got;
		}
	}
	return 0;
}

static int fill(const struct fd_make *make, int fd, const MemfdInodeEntry *inode,
		struct err *err)
{
	scoped(pages_reader_drop) struct pages_reader *in = NULL;

	if (ftruncate(fd, (off_t)inode->size) < 0)
		return fail_errno(err, "give it %llu bytes", (unsigned long long)inode->size);
	int r = pages_open(make->image, IMAGE_PAGEMAP_SHMEM, inode->shmid, &in, err);
	if (r == 0)
		r = pages_check(in, err);
	if (r == 0)
		r = put_runs(fd, in, inode, err);
	if (r < 0)
		return r;
	if (fchown(fd, inode->uid, inode->gid) < 0)
		return fail_errno(err, "chown %u:%u", inode->uid, inode->gid);
	if (inode->has_mode && fchmod(fd, inode->mode & 07777) < 0)
		return fail_errno(err, "chmod 0%o", inode->mode & 07777);
	return 0;
}

/* Without MFD_EXEC the sysctl vm.memfd_noexec may seal it; kernels before 6.3 have neither. */
static int create(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd >= 0 || errno != EINVAL ? fd
					  : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int find(struct fd_make *make, uint32_t inode_id, size_t *ret, struct err *err)
{
	int r = make->memfds ? 0 : load(make, err);

	if (r < 0)
		return r;
	const struct memfds *memfds = make->memfds;
	for (size_t i = 0; i < memfds->n; i++)
		if (memfds->inode[i]->inode_id == inode_id) {
			*ret = i;
			return 0;
		}
	return fail(err, -EPROTO, "the image has no memory %u", inode_id);
}

int memfd_open(struct fd_make *make, const FileEntry *entry, uint32_t flags, int *ret_fd,
	       struct err *err)
{
	size_t i = 0;

	int r = find(make, entry->memfd->inode_id, &i, err);
	if (r < 0)
		return r;
	const struct memfds *memfds = make->memfds;
	const MemfdInodeEntry *inode = memfds->inode[i];
	if (memfds->fd[i] < 0) {
		scoped_fd int made = create(inode->name);

		if (made < 0)
			return fail_errno(err, "memfd_create(%s)", inode->name);
		r = fill(make, made, inode, err);
		if (r < 0)
			return fail_in(err, "memfd %s", inode->name);
		memfds->fd[i] = take_fd(&made);
	}
	int fd = path_reopen(memfds->fd[i], flags);
	if (fd < 0)
		return fail_errno(err, "open memfd %s with flags 0%o", inode->name, flags);
	*ret_fd = fd;
	return 0;
}

int memfd_seal(struct fd_make *make, struct err *err)
{
	const struct memfds *memfds = make->memfds;

	for (size_t i = 0; memfds && i < memfds->n; i++) {
		if (memfds->fd[i] < 0)
			continue;
		if (memfds->inode[i]->seals &&
		    fcntl(memfds->fd[i], F_ADD_SEALS, (int)memfds->inode[i]->seals) < 0)
			return fail_errno(err, "seal memfd %s with 0%o", memfds->inode[i]->name,
					  memfds->inode[i]->seals);
	}
	return 0;
}

void memfd_end(struct fd_make *make)
{
	const struct memfds *memfds = make->memfds;

	for (size_t i = 0; memfds && i < memfds->n; i++)
		scope_close(&memfds->fd[i]);
	make->memfds = NULL;
}
