/* dump.c - contents of memory into page files
 *
 * Pages are found with PAGEMAP_SCAN and read from outside with process_vm_readv(2) into one
 * large buffer: nothing of it runs as the task, so its limits and memory cgroup do not matter.
 * Regions that the task itself may not read go through /proc/PID/mem.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/pages.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/pagemap.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/seekdata.h"
#include "engine/mem/dump.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { BUFFER = 2 << 20, PIECES = 512 };

/* A load of page runs on its way: read in one call, written in one. */
struct load {
	struct pages_writer *writer;
	pid_t pid;
	int mem;
	char *buffer;
	size_t n, bytes;
	struct iovec piece[PIECES];
};

static int read_load(struct load *load, struct err *err)
{
	const struct iovec local = {.iov_base = load->buffer, .iov_len = load->bytes};

	ssize_t n = process_vm_readv(load->pid, &local, 1, load->piece, load->n, 0);
	if (n == (ssize_t)load->bytes)
		return 0;
	/* a region it may not read itself: one by one, by force */
	size_t at = 0;
	for (size_t i = 0; i < load->n; at += load->piece[i++].iov_len) {
		int r = tracee_read(load->mem, (uint64_t)(uintptr_t)load->piece[i].iov_base,
				    load->buffer + at, load->piece[i].iov_len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int flush(struct load *load, struct err *err)
{
	size_t at = 0;

	int r = load->n ? read_load(load, err) : 0;
	for (size_t i = 0; i < load->n && r >= 0; i++) {
		struct iovec *piece = &load->piece[i];
		struct page_run run = {
			.vaddr = (uint64_t)(uintptr_t)piece->iov_base,
			.nr_pages = piece->iov_len / IMAGE_PAGE,
			.flags = PE_PRESENT,
		};
		struct iovec data = {load->buffer + at, piece->iov_len};

		at += piece->iov_len;
		r = pages_put(load->writer, &run, &data, 1, err);
	}
	load->n = load->bytes = 0;
	return r;
}

static int add_run(struct load *load, uint64_t start, uint64_t end, struct err *err)
{
	while (start < end) {
		size_t len = end - start, room = BUFFER - load->bytes;

		if (len > room)
			len = room;
		load->piece[load->n++] =
			(struct iovec){(void *)(uintptr_t)start, len}; // NOLINT: the task's
		load->bytes += len;
		start += len;
		if (load->n == PIECES || load->bytes == BUFFER) {
			int r = flush(load, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int find_pages(struct pagemap *map, const MmEntry *mm, struct arena *arena,
		      struct pagemap_pages *ret, struct mem_written *written, struct err *err)
{
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];
		const struct run range = {vma->start, vma->end};

		if (vma_is_vdso(vma) && runs_add(&ret->data, arena, vma->start, vma->end) < 0)
			return fail(err, -ENOMEM, "pages");
		if (!vma_has_pages(vma))
			continue;
		written->scanned += (vma->end - vma->start) / IMAGE_PAGE;
		int r = pagemap_find(map, &range,
				     vma_is_file(vma) ? PAGEMAP_FILE : PAGEMAP_ANONYMOUS, arena,
				     ret, err);
		if (r < 0)
			return r;
	}
	if (ret->guard.n)
		return refuse(err,
			      "it has guard pages (MADV_GUARD_INSTALL) at %lx, which cannot "
			      "be carried yet",
			      ret->guard.run[0].start);
	return 0;
}

static int dump_pages(struct image_dir *image, const struct task *task, struct load *load,
		      struct mem_written *written, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped(pages_writer_drop) struct pages_writer *writer = NULL;
	scoped(pagemap_close) struct pagemap map = {.fd = -1};
	struct pagemap_pages found = {0};

	if (!arena)
		return fail(err, -ENOMEM, "pages");
	int r = pagemap_open(task->pid, PAGEMAP_BEST, &map, err);
	if (r >= 0)
		r = find_pages(&map, task->mm, arena, &found, written, err);
	if (r >= 0)
		r = pages_create(image, IMAGE_PAGEMAP, (uint64_t)task->vpid, &writer, err);
	load->writer = writer;
	for (size_t i = 0; i < found.data.n && r >= 0; i++)
		r = add_run(load, found.data.run[i].start, found.data.run[i].end, err);
	if (r >= 0)
		r = flush(load, err);
	written->pages += runs_bytes(&found.data) / IMAGE_PAGE;
	return r < 0 ? r : pages_close(&writer, err);
}

static void free_buffer(char **buffer)
{
	if (*buffer)
		munmap(*buffer, BUFFER);
}

static char *new_buffer(void)
{
	char *p =
		mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int mem_dump(struct image_dir *image, const struct task *task, struct mem_written *written,
	     struct err *err)
{
	scoped(free_buffer) char *buffer = new_buffer();
	scoped_free struct load *load = calloc(1, sizeof(*load));

	if (!buffer || !load)
		return fail(err, -ENOMEM, "pages");
	load->pid = task->pid;
	load->mem = task->plant->mem;
	load->buffer = buffer;
	int r = image_put_one(image, IMAGE_MM, (uint64_t)task->vpid, &task->mm->base, err);
	return r < 0 ? r : dump_pages(image, task, load, written, err);
}

/* --- shared anonymous memory: the object behind a region, asked for its data */

static int open_region(const struct task *task, const VmaEntry *vma, struct err *err)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", task->pid, vma->start,
		 vma->end);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open %s", path) : fd;
}

/* read_tail() - the last page, of which the object ends before the end: programs may use what
 * lies behind the end, read(2) does not show it. */
static int read_tail(int fd, uint64_t page, char *to, struct err *err)
{
	void *at = mmap(NULL, IMAGE_PAGE, PROT_READ, MAP_SHARED, fd, (off_t)page);

	if (at == MAP_FAILED)
		return fail_errno(err, "map shared memory");
	memcpy(to, at, IMAGE_PAGE);
	munmap(at, IMAGE_PAGE);
	return 0;
}

static int read_object(int fd, uint64_t at, size_t len, char *to, struct err *err)
{
	ssize_t n = pread(fd, to, len, (off_t)at);

	if (n < 0)
		return fail_errno(err, "read shared memory");
	if ((size_t)n == len)
		return 0;
	size_t tail = len - IMAGE_PAGE;
	if ((size_t)n <= tail)
		return fail(err, -EIO, "shared memory ends early");
	return read_tail(fd, at + tail, to + tail, err);
}

static int put_run(struct pages_writer *writer, int fd, const struct run *run, char *buffer,
		   struct err *err)
{
	for (uint64_t at = run->start; at < run->end;) {
		size_t len = run->end - at < BUFFER ? run->end - at : BUFFER;
		struct page_run pages = {
			.vaddr = at, .nr_pages = len / IMAGE_PAGE, .flags = PE_PRESENT};
		struct iovec data = {buffer, len};

		int r = read_object(fd, at, len, buffer, err);
		if (r >= 0)
			r = pages_put(writer, &pages, &data, 1, err);
		if (r < 0)
			return r;
		at += len;
	}
	return 0;
}

static uint64_t page_end(uint64_t size)
{
	return (size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
}

int mem_dump_object(struct image_dir *image, uint64_t shmid, int fd,
		    struct mem_written *written, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped(free_buffer) char *buffer = new_buffer();
	scoped(pages_writer_drop) struct pages_writer *writer = NULL;
	struct runs found = {0};
	struct stat st;

	if (!arena || !buffer)
		return fail(err, -ENOMEM, "shared memory");
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "size of shared memory");
	const struct run all = {0, page_end((uint64_t)st.st_size)};
	int r = seekdata_find(fd, &all, arena, &found, err);
	if (r >= 0)
		r = pages_create(image, IMAGE_PAGEMAP_SHMEM, shmid, &writer, err);
	for (size_t i = 0; i < found.n && r >= 0; i++)
		r = put_run(writer, fd, &found.run[i], buffer, err);
	written->pages += runs_bytes(&found) / IMAGE_PAGE;
	return r < 0 ? r : pages_close(&writer, err);
}

static int dump_object(struct image_dir *image, const struct task *task, const VmaEntry *vma,
		       struct mem_written *written, struct err *err)
{
	scoped_fd int fd = open_region(task, vma, err);

	return fd < 0 ? fd : mem_dump_object(image, vma->shmid, fd, written, err);
}

/* An object is dumped through the first region that maps it. */
static bool is_first(const struct model *model, size_t t, size_t v)
{
	uint64_t shmid = model->task[t]->mm->vmas[v]->shmid;

	for (size_t i = 0; i <= t; i++) {
		const MmEntry *mm = model->task[i]->mm;

		for (size_t j = 0; mm && j < (i == t ? v : mm->n_vmas); j++)
			if (mm->vmas[j]->status & VMA_ANON_SHARED &&
			    mm->vmas[j]->shmid == shmid)
				return false;
	}
	return true;
}

int mem_dump_shared(struct image_dir *image, const struct model *model,
		    struct mem_written *written, struct err *err)
{
	for (size_t t = 0; t < model->n_tasks; t++) {
		const struct task *task = model->task[t];

		for (size_t v = 0; task->mm && v < task->mm->n_vmas; v++) {
			const VmaEntry *vma = task->mm->vmas[v];

			if (vma->status & VMA_ANON_SHARED && is_first(model, t, v) &&
			    dump_object(image, task, vma, written, err) < 0)
				return fail_in(err, "%s: shared memory %lu",
					       model_task_name(model, task), vma->shmid);
		}
	}
	return 0;
}
