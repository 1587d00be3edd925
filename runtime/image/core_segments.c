/* core_segments.c - core.h: which memory is in the core, and what it is made of */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/core_parts.h"
#include "runtime/image/vma.h"
#include "runtime/image/words.h"

#define HOLES_MAX (64ull << 30)

void core_source_drop(struct core_source *source)
{
	scope_close(&source->file);
	source->file = -1;
	pages_reader_drop(&source->shared);
}

/* The file as it was: paths lead nowhere out of rootfs; one of another size is another file. */
static int file_open(int rootfs, const RegFileEntry *reg)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	scoped_fd int fd = (int)syscall(SYS_openat2, rootfs, reg->name, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (reg->has_size && (uint64_t)st.st_size != reg->size))
		return -1;
	return take_fd(&fd);
}

static int shared_open(const struct image_view *view, uint64_t shmid, struct core_source *ret,
		       struct err *err)
{
	if (!image_has(view->dir, IMAGE_PAGEMAP_SHMEM, shmid))
		return 0;
	return pages_open(view->dir, IMAGE_PAGEMAP_SHMEM, shmid, &ret->shared, err);
}

int core_source(const struct image_view *view, const VmaEntry *vma, int rootfs,
		struct core_source *ret, struct err *err)
{
	const FileEntry *file = file_of_region(view, vma);
	const MemfdInodeEntry *memfd =
		file && file->memfd ? view_memfd(view, file->memfd->inode_id) : NULL;

	*ret = (struct core_source){.file = -1};
	if (vma->status & VMA_ANON_SHARED)
		return shared_open(view, vma->shmid, ret, err);
	if (memfd)
		return shared_open(view, memfd->shmid, ret, err);
	if (file && file->reg && rootfs >= 0)
		ret->file = file_open(rootfs, file->reg);
	return 0;
}

struct plan {
	const struct image_view *view;
	const struct view_space *space;
	struct core_segments *to;
};

static int segment_add(struct plan *plan, const VmaEntry *vma, uint64_t start, uint64_t end,
		       bool filled, struct err *err)
{
	struct core_segments *to = plan->to;
	struct core_segment *list;

	if (start >= end)
		return 0;
	list = arena_grow(plan->view->arena, to->segment, to->n, sizeof(*list));
	if (!list)
		return fail(err, -ENOMEM, "out of memory");
	to->segment = list;
	list[to->n++] = (struct core_segment){vma, start, end, 0, filled};
	return 0;
}

/* Only what the image has of it; between that there are segments without contents. */
static int in_pieces(struct plan *plan, const VmaEntry *vma, struct err *err)
{
	const struct pages_reader *pages = plan->space->pages;
	uint64_t at = vma->start;
	size_t n = 0;
	const struct page_run *run = pages ? pages_runs(pages, &n) : NULL;

	for (size_t i = pages ? view_first_run(pages, at) : 0; i < n && run[i].vaddr < vma->end;
	     i++) {
		uint64_t from = run[i].vaddr, to = from + run[i].nr_pages * IMAGE_PAGE;

		if (from < at)
			from = at;
		if (to > vma->end)
			to = vma->end;
		if (segment_add(plan, vma, at, from, false, err) < 0 ||
		    segment_add(plan, vma, from, to, true, err) < 0)
			return err->code;
		at = to;
	}
	return segment_add(plan, vma, at, vma->end, false, err);
}

static bool is_whole(const struct image_view *view, const VmaEntry *vma, int rootfs,
		     struct err *err)
{
	const uint32_t kernels =
		VMA_VDSO | VMA_VVAR | VMA_VSYSCALL | VMA_SYSVIPC | VMA_SOCKET | VMA_AIORING;
	scoped(core_source_drop) struct core_source source = {.file = -1};

	if (vma->status & kernels || !vma->prot || vma->end - vma->start > HOLES_MAX ||
	    (vma->has_madv && vma->madv >> MADV_DONTDUMP & 1))
		return false;
	if (!(vma->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)))
		return true;
	if (core_source(view, vma, rootfs, &source, err) < 0)
		return false;
	return source.file >= 0 || source.shared;
}

static int region_check(const VmaEntry *vma, uint64_t end, struct err *err)
{
	if (vma->start < end || vma->start >= vma->end || vma->start % IMAGE_PAGE ||
	    vma->end % IMAGE_PAGE)
		return fail(err, -EBADMSG, "region 0x%llx-0x%llx is none",
			    (unsigned long long)vma->start, (unsigned long long)vma->end);
	return 0;
}

int core_segments(const struct image_view *view, const struct view_space *space, int rootfs,
		  struct core_segments *ret, struct err *err)
{
	struct plan plan = {view, space, ret};
	const MmEntry *mm = space->mm;
	uint64_t end = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];
		struct err why = {};
		int r = region_check(vma, end, err);

		if (r == 0 && is_whole(view, vma, rootfs, &why))
			r = segment_add(&plan, vma, vma->start, vma->end, true, err);
		else if (r == 0)
			r = in_pieces(&plan, vma, err);
		if (r < 0 || why.n) {
			*err = r < 0 ? *err : why;
			return fail_in(err, "mm-%u.img", space->pid);
		}
		end = vma->end;
	}
	return 0;
}
