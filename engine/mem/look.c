/* look.c - which regions an address space has, and what each is made of
 *
 * Seen   /proc/PID/smaps (flags of every region), stat (marks), auxv, exe, map_files,
 *        coredump_filter
 * Refused  huge-page memory, memory of devices and of other kernel objects
 *        (io_uring, perf, sockets), userfaultfd, shadow stacks, MAP_DROPPABLE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/fd/memfd.h"
#include "engine/fd/reg.h"
#include "engine/image/crc32c.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/maps.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/stat.h"
#include "engine/mem/dump.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static const uint32_t status_of[] = {
	[MAPS_ANON] = VMA_REGULAR | VMA_ANON_PRIVATE,
	[MAPS_FILE] = VMA_REGULAR,
	[MAPS_HEAP] = VMA_REGULAR | VMA_HEAP | VMA_ANON_PRIVATE,
	[MAPS_STACK] = VMA_REGULAR | VMA_STACK | VMA_ANON_PRIVATE,
	[MAPS_VDSO] = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE,
	[MAPS_VVAR] = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE,
	[MAPS_VVAR_VCLOCK] = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE,
	[MAPS_VSYSCALL] = VMA_REGULAR | VMA_VSYSCALL | VMA_ANON_PRIVATE,
	[MAPS_ANON_NAMED] = VMA_REGULAR | VMA_ANON_PRIVATE,
	[MAPS_SHARED] = VMA_REGULAR | VMA_ANON_SHARED,
	[MAPS_SHARED_NAMED] = VMA_REGULAR | VMA_ANON_SHARED,
	[MAPS_SYSV] = VMA_REGULAR | VMA_ANON_SHARED | VMA_SYSV,
	[MAPS_MEMFD] = VMA_REGULAR | VMA_MEMFD,
	[MAPS_ANON_INODE] = 0,
	[MAPS_OTHER] = 0,
};

static const struct {
	enum maps_flag flag;
	const char *what;
} refused[] = {
	{MAPS_HT, "huge pages (MAP_HUGETLB)"},
	{MAPS_PF, "the memory of a device"},
	{MAPS_IO, "the memory of a device"},
	{MAPS_MM, "the memory of a device"},
	{MAPS_UM, "watched by a userfaultfd"},
	{MAPS_UW, "watched by a userfaultfd"},
	{MAPS_UI, "watched by a userfaultfd"},
	{MAPS_SS, "a shadow stack"},
	{MAPS_DP, "droppable memory (MAP_DROPPABLE)"},
	{MAPS_UNKNOWN, "flagged in a way this ckrun does not know"},
};

static const struct {
	enum maps_flag flag;
	int advice;
} advised[] = {
	{MAPS_SR, MADV_SEQUENTIAL}, {MAPS_RR, MADV_RANDOM},    {MAPS_DC, MADV_DONTFORK},
	{MAPS_WF, MADV_WIPEONFORK}, {MAPS_DD, MADV_DONTDUMP},  {MAPS_HG, MADV_HUGEPAGE},
	{MAPS_NH, MADV_NOHUGEPAGE}, {MAPS_MG, MADV_MERGEABLE},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int check_region(const struct maps_region *r, struct err *err)
{
	/* vvar pages are page frames of the kernel's: known, and not copied */
	if (status_of[r->kind] & (VMA_VVAR | VMA_VDSO | VMA_VSYSCALL))
		return 0;
	if (!status_of[r->kind])
		return refuse(err, "it maps %s, which cannot be carried yet", r->path);
	for (size_t i = 0; i < COUNT(refused); i++)
		if (r->flags & MAPS_BIT(refused[i].flag))
			return refuse(err, "it is %s, which cannot be carried yet",
				      refused[i].what);
	return 0;
}

static bool is_file(const struct maps_region *r)
{
	return r->kind == MAPS_FILE || r->kind == MAPS_MEMFD;
}

static uint32_t map_flags(const struct maps_region *r)
{
	uint32_t flags = r->shared ? MAP_SHARED : MAP_PRIVATE;

	if (!is_file(r))
		flags |= MAP_ANONYMOUS;
	if (r->flags & MAPS_BIT(MAPS_GD))
		flags |= MAP_GROWSDOWN;
	if (r->flags & MAPS_BIT(MAPS_LO))
		flags |= MAP_LOCKED;
	if (r->flags & MAPS_BIT(MAPS_NR))
		flags |= MAP_NORESERVE;
	return flags;
}

static void pack(VmaEntry *e, const struct maps_region *r)
{
	vma_entry__init(e);
	e->start = r->start;
	e->end = r->end;
	e->pgoff = is_file(r) || r->shared ? r->pgoff : 0;
	e->prot = r->prot;
	e->flags = map_flags(r);
	e->fd = -1;
	e->status = status_of[r->kind];
	if (is_file(r))
		e->status |= r->shared ? VMA_FILE_SHARED : VMA_FILE_PRIVATE;
	if (e->status & VMA_ANON_SHARED)
		e->shmid = r->kind == MAPS_SYSV ? r->ino : VMA_SHMID_ANON + r->ino;
	if (r->kind == MAPS_ANON_NAMED || r->kind == MAPS_SHARED_NAMED)
		e->name = (char *)r->path;
	for (size_t i = 0; i < COUNT(advised); i++)
		if (r->flags & MAPS_BIT(advised[i].flag))
			e->madv |= 1ULL << advised[i].advice;
	e->has_madv = true;
	e->has_sealed = e->sealed = (r->flags & MAPS_BIT(MAPS_SL)) != 0;
	e->has_lock_on_fault = e->lock_on_fault = (r->flags & MAPS_BIT(MAPS_LF)) != 0;
}

/* A shared region that may become writable needs a descriptor that may write. */
static int describe_file(struct fd_dump *dump, const struct task *task,
			 const struct maps_region *r, uint32_t flags, uint32_t *ret_id,
			 struct err *err)
{
	char path[96], link[PATH_MAX];
	struct open_file *file;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", task->pid, r->start, r->end);
	scoped_fd int fd = open(path, (int)flags | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "open %s (%s)", path, r->path);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return fail_errno(err, "read %s", path);
	link[n] = '\0';
	int ret = r->kind == MAPS_MEMFD ? memfd_describe(dump, fd, link, flags, &file, err)
					: reg_describe(dump, fd, link, flags, &file, err);
	if (ret < 0)
		return fail_in(err, "%s", r->path);
	*ret_id = file->id;
	return 0;
}

static const struct mem_known_file *find_known(const struct mem_known *known,
					       const struct maps_region *r, uint32_t flags)
{
	for (size_t i = 0; i < known->n; i++) {
		const struct mem_known_file *f = &known->file[i];

		if (f->ino == r->ino && f->dev == r->dev && f->flags == flags &&
		    f->deleted == r->deleted && !strcmp(f->path, r->path))
			return f;
	}
	return NULL;
}

static int keep_known(struct mem_known *known, struct arena *arena, const struct maps_region *r,
		      uint32_t flags, uint32_t id, struct err *err)
{
	struct mem_known_file *more = arena_grow(arena, known->file, known->n, sizeof(*more));

	if (!more)
		return fail(err, -ENOMEM, "mapped files");
	known->file = more;
	known->file[known->n++] =
		(struct mem_known_file){r->dev, r->ino, r->path, r->deleted, flags, id};
	return 0;
}

static int look_file(struct fd_dump *dump, struct mem_known *known, const struct task *task,
		     const struct maps_region *r, VmaEntry *e, struct err *err)
{
	uint32_t flags = r->shared && r->flags & MAPS_BIT(MAPS_MW) ? O_RDWR : O_RDONLY, id;
	const struct mem_known_file *met = find_known(known, r, flags);

	if (met) {
		id = met->id;
	} else {
		int ret = describe_file(dump, task, r, flags, &id, err);
		if (ret >= 0)
			ret = keep_known(known, dump->model->arena, r, flags, id, err);
		if (ret < 0)
			return ret;
	}
	e->shmid = id;
	e->has_fdflags = true;
	e->fdflags = flags;
	return 0;
}

/* What no region shows is there all the same: mremap(2) may show it later. */
static int look_object(const struct task *task, const struct maps_region *r, VmaEntry *e,
		       struct err *err)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", task->pid, r->start, r->end);
	if (stat(path, &st) < 0)
		return fail_errno(err, "size of %s", path);
	e->has_object_size = true;
	e->object_size = (uint64_t)st.st_size;
	e->has_fdflags = r->kind == MAPS_SYSV;
	e->fdflags = r->flags & MAPS_BIT(MAPS_MW) ? O_RDWR : O_RDONLY; /* SHM_RDONLY */
	return 0;
}

/* The code that restored tasks call must be the code they called. */
static int look_vdso(const struct task *task, VmaEntry *e, struct err *err)
{
	size_t size = e->end - e->start;
	scoped_free void *text = malloc(size);
	char path[PROC_PATH_MAX];

	if (!text)
		return fail_errno(err, "vdso");
	scoped_fd int mem = open(proc_path(path, task->pid, 0, "mem"), O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		return fail_errno(err, "open %s", path);
	int r = tracee_read(mem, e->start, text, size, err);
	if (r < 0)
		return r;
	e->has_checksum = true;
	e->checksum = crc32c(0, text, size);
	return 0;
}

static int look_region(struct fd_dump *dump, struct mem_known *known, struct task *task,
		       const struct maps_region *r, struct err *err)
{
	MmEntry *mm = task->mm;
	VmaEntry *e = arena_new_struct(dump->model->arena, VmaEntry);

	int ret = check_region(r, err);
	if (ret < 0)
		return ret;
	VmaEntry **more =
		arena_grow(dump->model->arena, mm->vmas, mm->n_vmas, sizeof(VmaEntry *));
	if (!e || !more)
		return fail(err, -ENOMEM, "regions");
	pack(e, r);
	mm->vmas = more;
	mm->vmas[mm->n_vmas++] = e;
	if (is_file(r))
		return look_file(dump, known, task, r, e, err);
	if (e->status & VMA_ANON_SHARED)
		return look_object(task, r, e, err);
	return r->kind == MAPS_VDSO ? look_vdso(task, e, err) : 0;
}

static int look_exe(struct fd_dump *dump, struct task *task, struct err *err)
{
	char path[PROC_PATH_MAX], link[PATH_MAX];
	struct open_file *file;

	proc_path(path, task->pid, 0, "exe");
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "open %s", path);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return fail_errno(err, "read %s", path);
	link[n] = '\0';
	int r = reg_describe(dump, fd, link, O_RDONLY, &file, err);
	if (r < 0)
		return fail_in(err, "executable %s", link);
	task->mm->exe_file_id = file->id;
	return 0;
}

static int look_auxv(struct arena *arena, const struct task *task, struct err *err)
{
	uint64_t word[64];

	scoped_fd int fd = proc_open(task->pid, 0, "auxv", err);
	if (fd < 0)
		return fd;
	ssize_t n = read(fd, word, sizeof(word));
	if (n < 0)
		return fail_errno(err, "auxv");
	task->mm->n_mm_saved_auxv = (size_t)n / sizeof(word[0]);
	task->mm->mm_saved_auxv = arena_copy(arena, word, (size_t)n);
	return task->mm->mm_saved_auxv ? 0 : fail(err, -ENOMEM, "auxv");
}

static void look_marks(MmEntry *mm, const struct stat_task *stat)
{
	mm->mm_start_code = stat->start_code;
	mm->mm_end_code = stat->end_code;
	mm->mm_start_data = stat->start_data;
	mm->mm_end_data = stat->end_data;
	mm->mm_start_stack = stat->start_stack;
	mm->mm_start_brk = stat->start_brk;
	mm->mm_arg_start = stat->arg_start;
	mm->mm_arg_end = stat->arg_end;
	mm->mm_env_start = stat->env_start;
	mm->mm_env_end = stat->env_end;
}

/* A kernel without core dumps (CONFIG_ELF_CORE) has no such file. */
static int look_dump_filter(struct task *task, struct err *err)
{
	scoped_free char *text = NULL;

	int r = proc_text(task->pid, 0, "coredump_filter", &text, err);
	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	if (r < 0)
		return r;
	task->mm->has_coredump_filter = true;
	task->mm->coredump_filter = (uint32_t)strtoul(text, NULL, 16);
	return 0;
}

int mem_look(struct fd_dump *dump, struct mem_known *known, struct task *task,
	     const struct stat_task *stat, struct err *err)
{
	struct maps maps;

	task->mm = arena_new_struct(dump->model->arena, MmEntry);
	if (!task->mm)
		return fail(err, -ENOMEM, "memory");
	mm_entry__init(task->mm);
	look_marks(task->mm, stat);
	int r = smaps_read(task->pid, dump->model->arena, &maps, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < maps.n; i++) {
		const struct maps_region *region = &maps.region[i];

		if (look_region(dump, known, task, region, err) < 0)
			return fail_in(err, "memory at %lx-%lx", region->start, region->end);
	}
	r = look_exe(dump, task, err);
	if (r >= 0)
		r = look_dump_filter(task, err);
	return r < 0 ? r : look_auxv(dump->model->arena, task, err);
}
