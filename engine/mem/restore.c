/* restore.c - regions of a task, made in its shell and filled from the image
 *
 * Private memory is written from outside (process_vm_writev(2), charged to the task's own memory
 * cgroup); regions that end up read-only are writable until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/fd/memfd.h"
#include "engine/fd/reg.h"
#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/proc.h"
#include "engine/mem/fill.h"
#include "engine/mem/restore.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum {
	VDSO_MAX = 256 << 10,
	MSEAL = 462,          /* younger than our headers */
	SET_VMA = 0x53564d41, /* PR_SET_VMA */
	SET_VMA_ANON_NAME = 0,
};

/* --- files that regions map: each once in the task, under a number it forgets afterwards */

struct mapped {
	uint32_t id, flags;
	int num;
};

struct mapping {
	struct mapped *file;
	size_t n;
};

static int want_file(const struct mem_restoring *r, struct mapping *m, uint32_t id,
		     uint32_t flags, struct err *err)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->file[i].id == id && m->file[i].flags == flags)
			return 0;
	struct mapped *more = arena_grow(r->model->arena, m->file, m->n, sizeof(*more));
	if (!more)
		return fail(err, -ENOMEM, "mapped files");
	m->file = more;
	m->file[m->n++] = (struct mapped){id, flags, -1};
	return 0;
}

static uint32_t vma_open_flags(const VmaEntry *vma)
{
	return vma->has_fdflags ? vma->fdflags & O_ACCMODE : O_RDONLY;
}

static int want_files(const struct mem_restoring *r, const MmEntry *mm, struct mapping *m,
		      struct err *err)
{
	int ret = want_file(r, m, mm->exe_file_id, O_RDONLY, err);

	for (size_t i = 0; i < mm->n_vmas && ret >= 0; i++)
		if (vma_is_file(mm->vmas[i]))
			ret = want_file(r, m, (uint32_t)mm->vmas[i]->shmid,
					vma_open_flags(mm->vmas[i]), err);
	return ret;
}

static int open_wanted(const struct mem_restoring *r, const struct mapped *file, int *ret_fd,
		       struct err *err)
{
	const struct open_file *known = model_file(r->model, file->id);

	if (!known)
		return fail(err, -EPROTO, "mapped file %u is not in files.img", file->id);
	if (known->entry->memfd)
		return memfd_open(r->make, known->entry, file->flags, ret_fd, err);
	return reg_open(r->make, known->entry, file->flags, ret_fd, err);
}

static int pass_batch(const struct mem_restoring *r, const struct task *task,
		      struct mapped *file, size_t n, struct err *err)
{
	int fd[PASS_MAX], num[PASS_MAX], ret = 0;
	size_t opened = 0;

	while (opened < n && ret >= 0) {
		ret = open_wanted(r, &file[opened], &fd[opened], err);
		opened += ret >= 0;
	}
	if (ret >= 0)
		ret = pass_files(task->pass, r->calls, task->pid, r->pass_num, fd, n, num, err);
	for (size_t i = 0; i < n && ret >= 0; i++)
		file[i].num = num[i];
	while (opened-- > 0)
		close(fd[opened]);
	return ret;
}

static int pass_mapped(const struct mem_restoring *r, const struct task *task,
		       struct mapping *m, struct err *err)
{
	for (size_t at = 0; at < m->n; at += PASS_MAX) {
		size_t n = m->n - at < PASS_MAX ? m->n - at : PASS_MAX;
		int ret = pass_batch(r, task, m->file + at, n, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int mapped_num(const struct mapping *m, uint64_t id, uint32_t flags)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->file[i].id == id && m->file[i].flags == flags)
			return m->file[i].num;
	return -1;
}

/* --- regions */

static int add_call_if_room(const struct mem_restoring *r, const struct task *task,
			    struct err *err)
{
	if (calls_left(r->calls, 24, 4096))
		return 0;
	int ret = calls_run(r->calls, task->pid, err);
	calls_start(r->calls, task->plant);
	return ret;
}

static const char *vma_label(const struct mem_restoring *r, const char *what,
			     const VmaEntry *vma)
{
	const char *text = arena_printf(r->model->arena, "%s memory at %lx-%lx", what,
					vma->start, vma->end);

	return text ? text : what;
}

static void add_map(const struct mem_restoring *r, const VmaEntry *vma, int fd, uint32_t prot)
{
	uint64_t flags = vma->flags & (MAP_PRIVATE | MAP_SHARED | MAP_ANONYMOUS |
				       MAP_GROWSDOWN | MAP_NORESERVE);

	if (fd >= 0)
		flags &= ~(uint64_t)MAP_ANONYMOUS;
	calls_add(r->calls, vma_label(r, "map", vma), SYS_mmap, vma->start,
		  vma->end - vma->start, prot, flags | MAP_FIXED_NOREPLACE, (uint64_t)fd,
		  fd >= 0 ? vma->pgoff : 0);
}

static void add_advice(const struct mem_restoring *r, const VmaEntry *vma)
{
	for (uint64_t advice = 0; advice < 64; advice++)
		if (vma->madv >> advice & 1)
			calls_add(r->calls, vma_label(r, "advise", vma), SYS_madvise,
				  vma->start, vma->end - vma->start, advice);
	if (!vma->name)
		return;
	uint64_t name = calls_data(r->calls, vma->name, strlen(vma->name) + 1);
	/* EINVAL where the kernel keeps no names (CONFIG_ANON_VMA_NAME): it never had one then */
	calls_may_fail(r->calls,
		       calls_add(r->calls, "prctl(PR_SET_VMA)", SYS_prctl, SET_VMA,
				 SET_VMA_ANON_NAME, vma->start, vma->end - vma->start, name));
}

static bool is_filled(const VmaEntry *vma)
{
	return vma_has_pages(vma) && !(vma->prot & PROT_WRITE);
}

static int map_regions(struct mem_restoring *r, const struct task *task,
		       const struct mapping *m, struct err *err)
{
	for (size_t i = 0; i < task->mm->n_vmas; i++) {
		const VmaEntry *vma = task->mm->vmas[i];
		uint32_t prot = vma->prot | (is_filled(vma) ? PROT_READ | PROT_WRITE : 0);

		if (vma_is_kernels(vma) || vma->status & VMA_ANON_SHARED)
			continue;
		int fd = vma_is_file(vma) ? mapped_num(m, vma->shmid, vma_open_flags(vma)) : -1;
		add_map(r, vma, fd, prot);
		add_advice(r, vma);
		int ret = add_call_if_room(r, task, err);
		if (ret < 0)
			return ret;
	}
	return calls_run(r->calls, task->pid, err);
}

/* What could not be so while memory was filled; sealing is the last that may be done. */
static int finish_regions(struct mem_restoring *r, const struct task *task, struct err *err)
{
	calls_start(r->calls, task->plant);
	for (size_t i = 0; i < task->mm->n_vmas; i++) {
		const VmaEntry *vma = task->mm->vmas[i];
		uint64_t size = vma->end - vma->start;

		if (vma_is_kernels(vma))
			continue;
		if (is_filled(vma))
			calls_add(r->calls, vma_label(r, "protect", vma), SYS_mprotect,
				  vma->start, size, vma->prot);
		if (vma->flags & MAP_LOCKED)
			calls_add(r->calls, vma_label(r, "lock", vma), SYS_mlock2, vma->start,
				  size, vma->lock_on_fault ? MLOCK_ONFAULT : 0);
		if (vma->sealed)
			calls_add(r->calls, vma_label(r, "seal", vma), MSEAL, vma->start, size,
				  0);
		int ret = add_call_if_room(r, task, err);
		if (ret < 0)
			return ret;
	}
	return calls_run(r->calls, task->pid, err);
}

/* --- the kernel's regions, marks, executable */

/* fits_kernel() - this kernel's regions are those that the task had */
static bool fits_kernel(const struct mem_place *place, const MmEntry *mm)
{
	unsigned int part = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		if (!(vma->status & (VMA_VDSO | VMA_VVAR)))
			continue;
		if (part == place->n_parts || place->part[part].size != vma->end - vma->start ||
		    (vma_is_vdso(vma) && place->part[part].offset != place->vdso) ||
		    (vma->has_checksum && vma->checksum != place->vdso_checksum))
			return false;
		part++;
	}
	return true;
}

static int move_kernels(const struct mem_restoring *r, const struct task *task, struct err *err)
{
	const struct mem_place *place = r->place;
	unsigned int part = 0;

	calls_start(r->calls, task->plant);
	for (size_t i = 0; i < task->mm->n_vmas; i++) {
		const VmaEntry *vma = task->mm->vmas[i];
		uint64_t size = vma->end - vma->start;

		if (!(vma->status & (VMA_VDSO | VMA_VVAR)))
			continue;
		uint64_t from = place->park + place->part[part].offset;
		calls_add(r->calls, "move the vdso", SYS_mremap, from, size, size,
			  MREMAP_MAYMOVE | MREMAP_FIXED, vma->start);
		if (place->part[part].offset == place->vdso)
			task->plant->insn += vma->start - from;
		part++;
	}
	return calls_run(r->calls, task->pid, err);
}

/* --- another kernel's vdso: plain memory from here on; ours stays where it was parked */

static int check_outside(const struct task *task, const VmaEntry *vdso, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		uint64_t ip = task->thread[i].core->thread_info->gpregs->ip;

		if (ip - vdso->start < vdso->end - vdso->start)
			return refuse(
				err,
				"thread %d was stopped inside the vdso, and this kernel has "
				"another one; checkpoint it again",
				task->thread[i].vtid);
	}
	return 0;
}

static int adopt_vdso(const struct task *task, VmaEntry **ret, struct err *err)
{
	for (size_t i = 0; i < task->mm->n_vmas; i++) {
		VmaEntry *vma = task->mm->vmas[i];

		if (!vma_is_vdso(vma))
			continue;
		vma->status = VMA_REGULAR | VMA_ANON_PRIVATE;
		vma->flags = MAP_PRIVATE | MAP_ANONYMOUS;
		vma->prot = PROT_READ | PROT_EXEC;
		*ret = vma;
		return check_outside(task, vma, err);
	}
	return 0; /* it had unmapped its vdso */
}

static int redirect(const struct mem_restoring *r, const struct task *task,
		    const VmaEntry *vdso, struct err *err)
{
	size_t size = vdso->end - vdso->start;
	scoped_free void *elf = size > VDSO_MAX ? NULL : malloc(size);

	if (!elf)
		return fail(err, -ENOMEM, "vdso of %zu bytes", size);
	int ret = tracee_read(task->plant->mem, vdso->start, elf, size, err);
	if (ret >= 0)
		ret = vdso_redirect(elf, size, &r->place->symbols,
				    r->place->park + r->place->vdso, err);
	if (ret >= 0)
		ret = tracee_write(task->plant->mem, vdso->start, elf, size, err);
	return ret < 0 ? fail_in(err, "the vdso of the kernel it ran on") : 0;
}

static int set_marks(const struct mem_restoring *r, const struct task *task,
		     const struct mapping *m, struct err *err)
{
	const MmEntry *mm = task->mm;
	size_t auxv_size = mm->n_mm_saved_auxv * sizeof(mm->mm_saved_auxv[0]);

	calls_start(r->calls, task->plant);
	struct prctl_mm_map map = {
		.start_code = mm->mm_start_code,
		.end_code = mm->mm_end_code,
		.start_data = mm->mm_start_data,
		.end_data = mm->mm_end_data,
		.start_brk = mm->mm_start_brk,
		.brk = mm->mm_brk,
		.start_stack = mm->mm_start_stack,
		.arg_start = mm->mm_arg_start,
		.arg_end = mm->mm_arg_end,
		.env_start = mm->mm_env_start,
		.env_end = mm->mm_env_end,
		.auxv = (void *)(uintptr_t)calls_data(r->calls, mm->mm_saved_auxv,
						      auxv_size), // NOLINT: the task's
		.auxv_size = (uint32_t)auxv_size,
		.exe_fd = (uint32_t)mapped_num(m, mm->exe_file_id, O_RDONLY),
	};
	uint64_t at = calls_data(r->calls, &map, sizeof(map));
	calls_add(r->calls, "prctl(PR_SET_MM_MAP)", SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, at,
		  sizeof(map), 0);
	return calls_run(r->calls, task->pid, err);
}

static int set_dump_filter(const struct task *task, struct err *err)
{
	char path[PROC_PATH_MAX], value[16];

	if (!task->mm->has_coredump_filter)
		return 0;
	snprintf(value, sizeof(value), "%#x", task->mm->coredump_filter);
	return file_write(AT_FDCWD, proc_path(path, task->pid, 0, "coredump_filter"), value,
			  err);
}

static int close_mapped(const struct mem_restoring *r, const struct task *task,
			const struct mapping *m, struct err *err)
{
	calls_start(r->calls, task->plant);
	for (size_t i = 0; i < m->n; i++) {
		calls_add(r->calls, "close", SYS_close, (uint64_t)m->file[i].num);
		int ret = add_call_if_room(r, task, err);
		if (ret < 0)
			return ret;
	}
	return calls_run(r->calls, task->pid, err);
}

static int make_regions(struct mem_restoring *r, struct task *task, const struct mapping *m,
			struct err *err)
{
	bool fits = fits_kernel(r->place, task->mm);
	VmaEntry *vdso = NULL;

	int ret = fits ? 0 : adopt_vdso(task, &vdso, err);
	if (ret >= 0)
		ret = map_regions(r, task, m, err);
	if (ret >= 0)
		ret = mem_map_shared(r, task, err);
	if (ret >= 0)
		ret = mem_fill(r, task, err);
	if (ret >= 0 && vdso)
		ret = redirect(r, task, vdso, err);
	if (ret >= 0)
		ret = finish_regions(r, task, err);
	return ret < 0 || !fits ? ret : move_kernels(r, task, err);
}

int mem_restore(struct mem_restoring *r, struct task *task, struct err *err)
{
	struct mapping m = {0};

	calls_start(r->calls, task->plant);
	int ret = want_files(r, task->mm, &m, err);
	if (ret >= 0)
		ret = pass_mapped(r, task, &m, err);
	calls_start(r->calls, task->plant);
	if (ret >= 0)
		ret = make_regions(r, task, &m, err);
	if (ret >= 0)
		ret = set_marks(r, task, &m, err);
	if (ret >= 0)
		ret = set_dump_filter(task, err);
	return ret < 0 ? ret : close_mapped(r, task, &m, err);
}
