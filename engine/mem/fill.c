#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/mem/check.h"
#include "engine/mem/fill.h"
#include "engine/mem/restore.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PIECES = 256 };

/* A batch of runs on their way: written in one call. */
struct batch {
	pid_t pid;
	size_t n, bytes;
	struct iovec here[PIECES], there[PIECES];
};

static int flush(struct batch *b, struct err *err)
{
	size_t done = 0;

	while (done < b->n) {
		ssize_t n = process_vm_writev(b->pid, b->here + done, b->n - done,
					      b->there + done, b->n - done, 0);
		if (n <= 0)
			return fail_errno(err, "fill memory at %lx",
					  (unsigned long)b->there[done].iov_base);
		/* large transfers may come up short: go on where it ended */
		for (; done < b->n && (size_t)n >= b->here[done].iov_len; done++)
			n -= (ssize_t)b->here[done].iov_len;
		if (done < b->n && n > 0) {
			b->here[done].iov_base = (char *)b->here[done].iov_base + n;
			b->there[done].iov_base = (char *)b->there[done].iov_base + n;
			b->here[done].iov_len -= (size_t)n;
			b->there[done].iov_len -= (size_t)n;
		}
	}
	b->n = b->bytes = 0;
	return 0;
}

struct filling {
	struct batch batch;
	uint64_t offset; /* where address 0 of the page map lies in the task */
	const VmaEntry
		*keep; /* the kernel's own, which has its contents already; may be NULL */
};

static int add_piece(struct filling *f, uint64_t start, uint64_t end, const char *data,
		     struct err *err)
{
	struct batch *b = &f->batch;

	if (start >= end)
		return 0;
	b->here[b->n] = (struct iovec){(void *)data, end - start};
	b->there[b->n++] =
		(struct iovec){(void *)(uintptr_t)(start + f->offset), end - start}; // NOLINT
	return b->n == PIECES ? flush(b, err) : 0;
}

static int add_run(struct filling *f, const struct page_run *run, const char *data,
		   struct err *err)
{
	uint64_t end = run->vaddr + run->nr_pages * IMAGE_PAGE, before = end, behind = end;

	if (!(run->flags & PE_PRESENT))
		return refuse(err,
			      "pages at %lx are in a parent image, which cannot be used yet",
			      run->vaddr);
	if (f->keep && f->keep->start < end && f->keep->end > run->vaddr) {
		before = f->keep->start;
		behind = f->keep->end > run->vaddr ? f->keep->end : run->vaddr;
	}
	int r = add_piece(f, run->vaddr, before, data, err);
	return r < 0 ? r : add_piece(f, behind, end, data + (behind - run->vaddr), err);
}

static int fill_runs(const struct pages_reader *reader, pid_t pid, uint64_t offset,
		     const VmaEntry *keep, uint64_t *pages, struct err *err)
{
	scoped_free struct filling *f = calloc(1, sizeof(*f));
	uint64_t size;
	size_t n;
	const struct page_run *run = pages_runs(reader, &n);
	const char *data = pages_data(reader, &size);

	if (!f)
		return fail(err, -ENOMEM, "fill");
	f->batch.pid = pid;
	f->offset = offset;
	f->keep = keep;
	for (size_t i = 0; i < n; i++) {
		int r = add_run(f, &run[i], data + run[i].offset, err);
		if (r < 0)
			return r;
		*pages += run[i].nr_pages;
	}
	return flush(&f->batch, err);
}

static const VmaEntry *kernels_vdso(const MmEntry *mm)
{
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (vma_is_vdso(mm->vmas[i]))
			return mm->vmas[i];
	return NULL;
}

static int check_runs(const MmEntry *mm, const struct pages_reader *reader, struct err *err)
{
	size_t n;
	const struct page_run *run = pages_runs(reader, &n);

	return mem_check_runs(mm, run, n, err);
}

int mem_fill(struct mem_restoring *r, const struct task *task, struct err *err)
{
	scoped(pages_reader_drop) struct pages_reader *reader = NULL;

	int ret = pages_open(r->image, IMAGE_PAGEMAP, (uint64_t)task->vpid, &reader, err);
	if (ret >= 0)
		ret = check_runs(task->mm, reader, err);
	if (ret >= 0)
		ret = fill_runs(reader, task->pid, 0, kernels_vdso(task->mm), &r->pages, err);
	/* nothing runs yet, and now they are all in memory */
	return ret < 0 ? ret : pages_check(reader, err);
}

/* --- shared anonymous memory */

/* object_size() - what it had, or where other writers of images do not say: what regions show */
static uint64_t object_size(const struct model *model, uint64_t shmid)
{
	uint64_t size = 0;

	for (size_t t = 0; t < model->n_tasks; t++) {
		const MmEntry *mm = model->task[t]->mm;

		for (size_t i = 0; mm && i < mm->n_vmas; i++) {
			const VmaEntry *vma = mm->vmas[i];
			uint64_t end = vma->pgoff + vma->end - vma->start;

			if (!(vma->status & VMA_ANON_SHARED) || vma->shmid != shmid)
				continue;
			if (vma->has_object_size)
				return vma->object_size;
			if (end > size)
				size = end;
		}
	}
	return size;
}

static int open_range(pid_t pid, uint64_t start, uint64_t end, struct err *err)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", pid, start, end);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open %s", path) : fd;
}

static int check_object(const struct pages_reader *reader, uint64_t size, struct err *err)
{
	size_t n;
	const struct page_run *run = pages_runs(reader, &n);

	if (n && run[n - 1].vaddr + run[n - 1].nr_pages * IMAGE_PAGE > size)
		return fail(err, -EPROTO,
			    "%lu pages at %lx lie beyond shared memory of %lu bytes",
			    run[n - 1].nr_pages, run[n - 1].vaddr, size);
	return 0;
}

int mem_fill_object(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		    uint64_t at, uint64_t size, struct err *err)
{
	scoped(pages_reader_drop) struct pages_reader *reader = NULL;

	int ret = pages_open(r->image, IMAGE_PAGEMAP_SHMEM, shmid, &reader, err);
	if (ret == -ENOENT) { /* none of it was ever touched */
		*err = (struct err){0};
		return 0;
	}
	if (ret >= 0)
		ret = check_object(reader, size, err);
	if (ret >= 0)
		ret = fill_runs(reader, task->pid, at, NULL, &r->pages, err);
	return ret < 0 ? ret : pages_check(reader, err);
}

/* Made as a whole at a place of the kernel's choice, so that any part of it can be mapped. */
static int make_object(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		       int *ret_fd, struct err *err)
{
	uint64_t size = object_size(r->model, shmid);

	calls_start(r->calls, task->plant);
	unsigned int map =
		calls_add(r->calls, "map shared memory", SYS_mmap, 0, size,
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, (uint64_t)-1, 0);
	int ret = calls_run(r->calls, task->pid, err);
	if (ret < 0)
		return ret;
	uint64_t at = (uint64_t)calls_ret(r->calls, map);
	scoped_fd int fd = open_range(task->pid, at, at + size, err);
	if (fd < 0)
		return fd;
	ret = mem_fill_object(r, task, shmid, at, size, err);
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "munmap", SYS_munmap, at, size);
	if (ret >= 0)
		ret = calls_run(r->calls, task->pid, err);
	if (ret >= 0)
		*ret_fd = take_fd(&fd);
	return ret;
}

static int find_object(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		       int *ret_fd, struct err *err)
{
	for (size_t i = 0; i < r->n_objects; i++)
		if (r->object[i].shmid == shmid) {
			*ret_fd = r->object[i].fd;
			return 0;
		}
	struct mem_object *more =
		arena_grow(r->model->arena, r->object, r->n_objects, sizeof(*more));
	if (!more)
		return fail(err, -ENOMEM, "shared memory");
	r->object = more;
	int ret = make_object(r, task, shmid, ret_fd, err);
	if (ret >= 0)
		r->object[r->n_objects++] = (struct mem_object){shmid, *ret_fd};
	return ret;
}

void mem_add_advice(struct calls *calls, const VmaEntry *vma)
{
	for (uint64_t advice = 0; advice < 64; advice++)
		if (vma->madv >> advice & 1)
			calls_add(calls, "madvise", SYS_madvise, vma->start,
				  vma->end - vma->start, advice);
}

static int map_one(struct mem_restoring *r, const struct task *task, const VmaEntry *vma,
		   struct err *err)
{
	int fd, num;

	int ret = find_object(r, task, vma->shmid, &fd, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	ret = pass_files(task->pass, r->calls, task->pid, r->pass_num, &fd, 1, &num, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "map shared memory", SYS_mmap, vma->start, vma->end - vma->start,
		  vma->prot, MAP_SHARED | MAP_FIXED_NOREPLACE, (uint64_t)num, vma->pgoff);
	calls_add(r->calls, "close", SYS_close, (uint64_t)num);
	mem_add_advice(r->calls, vma);
	return calls_run(r->calls, task->pid, err);
}

int mem_map_shared(struct mem_restoring *r, const struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->mm->n_vmas; i++) {
		const VmaEntry *vma = task->mm->vmas[i];

		if (!(vma->status & VMA_ANON_SHARED))
			continue;
		int ret = vma->status & VMA_SYSV ? mem_map_segment(r, task, vma, err)
						 : map_one(r, task, vma, err);
		if (ret < 0)
			return fail_in(err, "memory at %lx-%lx", vma->start, vma->end);
	}
	return 0;
}

void mem_restore_end(struct mem_restoring *r)
{
	for (size_t i = 0; i < r->n_objects; i++)
		scope_close(&r->object[i].fd);
	r->n_objects = 0;
}
