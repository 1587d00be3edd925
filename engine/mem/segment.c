/* segment.c - System V segments, which exist, in the memory of tasks
 *
 * Made   shmat(2) by the task: only so is a region one of those that shm_nattch counts and that
 *        shmdt(2) finds, which takes all regions of the one attachment.  Where munmap(2) has left
 *        parts of it, the whole is attached elsewhere, the parts are moved to their places and the
 *        rest is unmapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/inject/calls.h"
#include "engine/mem/fill.h"
#include "engine/mem/restore.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static int note_segment(struct mem_restoring *r, uint64_t shmid, struct err *err)
{
	struct mem_object *more =
		arena_grow(r->model->arena, r->object, r->n_objects, sizeof(*more));

	if (!more)
		return fail(err, -ENOMEM, "shared memory");
	r->object = more;
	r->object[r->n_objects++] = (struct mem_object){shmid, -1};
	return 0;
}

/* attach() - at `at`, or where the kernel likes (0) */
static int attach(struct mem_restoring *r, const struct task *task, uint64_t shmid, uint64_t at,
		  int flags, uint64_t *ret, struct err *err)
{
	calls_start(r->calls, task->plant);
	unsigned int call =
		calls_add(r->calls, "shmat", SYS_shmat, shmid, at, (uint64_t)(unsigned)flags);
	int got = calls_run(r->calls, task->pid, err);
	if (got >= 0)
		*ret = (uint64_t)calls_ret(r->calls, call);
	return got;
}

/* segment_size() - as the kernel has it, in whole pages: what an image says must fit it */
static int segment_size(struct mem_restoring *r, const struct task *task, uint64_t shmid,
			uint64_t *ret, struct err *err)
{
	struct shmid_ds ds;

	calls_start(r->calls, task->plant);
	uint64_t at = calls_room(r->calls, sizeof(ds));
	calls_add(r->calls, "shmctl(IPC_STAT)", SYS_shmctl, shmid, IPC_STAT, at);
	int got = calls_run(r->calls, task->pid, err);
	if (got < 0)
		return got;
	memcpy(&ds, calls_at(r->calls, at), sizeof(ds));
	*ret = (ds.shm_segsz + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
	return 0;
}

int mem_fill_segment(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		     struct err *err)
{
	uint64_t at, size;

	for (size_t i = 0; i < r->n_objects; i++)
		if (r->object[i].shmid == shmid)
			return 0;
	int ret = note_segment(r, shmid, err);
	if (ret < 0 || !image_has(r->image, IMAGE_PAGEMAP_SHMEM, shmid))
		return ret;
	ret = segment_size(r, task, shmid, &size, err);
	if (ret >= 0)
		ret = attach(r, task, shmid, 0, 0, &at, err);
	if (ret >= 0)
		ret = mem_fill_object(r, task, shmid, at, size, err);
	if (ret < 0)
		return fail_in(err, "fill System V segment %lu", shmid);
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "shmdt", SYS_shmdt, at);
	return calls_run(r->calls, task->pid, err);
}

/* --- attachments: the regions that one shmat(2) made, and munmap(2) and mprotect(2) left */

static uint64_t whole_size(const VmaEntry *vma)
{
	return (vma->object_size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
}

static bool is_same_attachment(const VmaEntry *a, const VmaEntry *b)
{
	return b->status & VMA_SYSV && a->shmid == b->shmid &&
	       a->start - a->pgoff == b->start - b->pgoff && a->fdflags == b->fdflags;
}

static bool is_first_part(const MmEntry *mm, const VmaEntry *vma)
{
	size_t i = 0;

	while (mm->vmas[i] != vma && !is_same_attachment(vma, mm->vmas[i]))
		i++;
	return mm->vmas[i] == vma;
}

static uint64_t size_of_parts(const MmEntry *mm, const VmaEntry *vma)
{
	uint64_t size = 0;

	for (size_t i = 0; i < mm->n_vmas; i++)
		if (is_same_attachment(vma, mm->vmas[i]))
			size += mm->vmas[i]->end - mm->vmas[i]->start;
	return size;
}

/* Other writers of images do not say whether SHM_RDONLY was asked for. */
static int attach_flags(const VmaEntry *vma)
{
	bool writes = vma->has_fdflags ? (vma->fdflags & O_ACCMODE) == O_RDWR
				       : (vma->prot & PROT_WRITE) != 0;

	return writes ? 0 : SHM_RDONLY;
}

static int run_if_full(struct mem_restoring *r, const struct task *task, struct err *err)
{
	if (calls_left(r->calls, 80, 0))
		return 0;
	int ret = calls_run(r->calls, task->pid, err);
	calls_start(r->calls, task->plant);
	return ret;
}

/* What makes each part of an attachment as it was. */
static int each_part(struct mem_restoring *r, const struct task *task, const VmaEntry *vma,
		     void (*add)(struct calls *calls, const VmaEntry *part, uint64_t at),
		     uint64_t at, struct err *err)
{
	int ret = 0;

	calls_start(r->calls, task->plant);
	for (size_t i = 0; i < task->mm->n_vmas && ret >= 0; i++) {
		if (!is_same_attachment(vma, task->mm->vmas[i]))
			continue;
		add(r->calls, task->mm->vmas[i], at);
		ret = run_if_full(r, task, err);
	}
	return ret < 0 ? ret : calls_run(r->calls, task->pid, err);
}

/* The place is taken first: the kernel might like it for the whole. */
static void add_reservation(struct calls *calls, const VmaEntry *part, uint64_t at)
{
	(void)at;
	calls_add(calls, "mmap", SYS_mmap, part->start, part->end - part->start, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
		  (uint64_t)-1, 0);
}

static void add_move(struct calls *calls, const VmaEntry *part, uint64_t at)
{
	const uint64_t size = part->end - part->start;

	calls_add(calls, "mremap", SYS_mremap, at + part->pgoff, size, size,
		  MREMAP_MAYMOVE | MREMAP_FIXED, part->start);
}

static void add_finish(struct calls *calls, const VmaEntry *part, uint64_t at)
{
	(void)at;
	calls_add(calls, "mprotect", SYS_mprotect, part->start, part->end - part->start,
		  part->prot);
	mem_add_advice(calls, part);
}

static int attach_parts(struct mem_restoring *r, const struct task *task, const VmaEntry *vma,
			struct err *err)
{
	uint64_t at;

	int ret = each_part(r, task, vma, add_reservation, 0, err);
	if (ret >= 0)
		ret = attach(r, task, vma->shmid, 0, attach_flags(vma), &at, err);
	if (ret >= 0)
		ret = each_part(r, task, vma, add_move, at, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "munmap", SYS_munmap, at, whole_size(vma));
	return calls_run(r->calls, task->pid, err);
}

int mem_map_segment(struct mem_restoring *r, const struct task *task, const VmaEntry *vma,
		    struct err *err)
{
	uint64_t at;

	if (!vma->has_object_size || vma->pgoff + vma->end - vma->start > whole_size(vma))
		return fail(err, -EPROTO, "the image has no System V segment %lu of this size",
			    vma->shmid);
	if (!is_first_part(task->mm, vma))
		return 0;
	int ret = mem_fill_segment(r, task, vma->shmid, err);
	if (ret >= 0)
		ret = size_of_parts(task->mm, vma) == whole_size(vma)
			      ? attach(r, task, vma->shmid, vma->start - vma->pgoff,
				       attach_flags(vma), &at, err)
			      : attach_parts(r, task, vma, err);
	if (ret >= 0)
		ret = each_part(r, task, vma, add_finish, 0, err);
	return ret < 0 ? fail_in(err, "System V segment %lu", vma->shmid) : 0;
}
