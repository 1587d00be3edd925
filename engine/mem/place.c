/* place.c - where planted code lies in every address space, and shells emptied around it */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/image/crc32c.h"
#include "engine/inject/calls.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/maps.h"
#include "engine/kernel/proc.h"
#include "engine/mem/restore.h"
#include "engine/mem/vma.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* Away from where the kernel puts what it may choose for itself, and from heaps and stacks
 * that may still grow. */
#define FIRST_PLACE 0x100000000UL
#define LAST_PLACE 0x7f0000000000UL
enum { MARGIN = 16 << 20, ROOM = 1 << 20 }; /* ROOM: planted code and the parked regions */
_Static_assert(PLANT_SIZE + (256 << 10) <= ROOM, "planted code fits its place");

struct ranges {
	struct arena *arena;
	struct run {
		uint64_t start, end;
	} * run;
	size_t n;
};

static int add_range(struct ranges *all, uint64_t start, uint64_t end)
{
	struct run *more = arena_grow(all->arena, all->run, all->n, sizeof(*more));

	if (!more)
		return -ENOMEM;
	all->run = more;
	all->run[all->n++] = (struct run){start, end};
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int add_model(struct ranges *all, const struct model *model)
{
	int r = 0;

	for (size_t t = 0; t < model->n_tasks; t++) {
		const MmEntry *mm = model->task[t]->mm;

		for (size_t i = 0; mm && i < mm->n_vmas && r >= 0; i++)
			r = add_range(all, mm->vmas[i]->start, mm->vmas[i]->end);
	}
	return r;
}

static int find_gap(struct ranges *all, uint64_t *ret, struct err *err)
{
	uint64_t at = FIRST_PLACE;

	if (all->n) /* qsort(3) takes no NULL */
		qsort(all->run, all->n, sizeof(all->run[0]), by_start);
	for (size_t i = 0; i < all->n; i++) {
		if (all->run[i].start > at && all->run[i].start - at > ROOM + MARGIN)
			break;
		if (all->run[i].end + MARGIN > at)
			at = all->run[i].end + MARGIN;
	}
	if (at > LAST_PLACE)
		return refuse(err, "no place for planted code is free in every address space");
	*ret = at & ~0xfffUL;
	return 0;
}

static bool is_kernels(const struct maps_region *r)
{
	return r->kind == MAPS_VDSO || r->kind == MAPS_VVAR || r->kind == MAPS_VVAR_VCLOCK;
}

static int note_parts(struct mem_place *place, const struct maps *maps, struct err *err)
{
	uint64_t first = 0;

	for (size_t i = 0; i < maps->n; i++) {
		const struct maps_region *r = &maps->region[i];

		if (!is_kernels(r))
			continue;
		if (place->n_parts == KERNEL_PARTS)
			return fail(err, -E2BIG, "more than %d regions of the kernel",
				    KERNEL_PARTS);
		if (!place->n_parts)
			first = r->start;
		place->part[place->n_parts].offset = r->start - first;
		place->part[place->n_parts++].size = r->end - r->start;
		place->size = r->end - first;
		if (r->kind != MAPS_VDSO)
			continue;
		place->vdso = r->start - first;
		/* our own: the same for every process of this kernel */
		const void *elf = (const void *)(uintptr_t)r->start; // NOLINT
		place->vdso_checksum = crc32c(0, elf, r->end - r->start);
		int ret = vdso_read(elf, r->end - r->start, &place->symbols, err);
		if (ret < 0)
			return ret;
	}
	if (!place->n_parts || place->size > ROOM - PLANT_SIZE)
		return fail(err, -ENOEXEC, "this kernel gives no vdso that could be moved");
	return 0;
}

int mem_find_place(const struct model *model, pid_t shell, struct mem_place *ret,
		   struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct ranges all = {.arena = arena};
	struct maps mine, its;

	if (!arena || add_model(&all, model) < 0)
		return fail(err, -ENOMEM, "place");
	int r = maps_read(getpid(), arena, &mine, err);
	if (r >= 0)
		r = maps_read(shell, arena, &its, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mine.n && r >= 0; i++)
		r = add_range(&all, mine.region[i].start, mine.region[i].end);
	for (size_t i = 0; i < its.n && r >= 0; i++)
		r = add_range(&all, its.region[i].start, its.region[i].end);
	if (r < 0)
		return fail(err, r, "place");
	*ret = (struct mem_place){0};
	r = find_gap(&all, &ret->blob, err);
	ret->park = ret->blob + PLANT_SIZE;
	return r < 0 ? r : note_parts(ret, &mine, err);
}

static void park_parts(const struct mem_place *place, struct calls *calls,
		       const struct maps *maps)
{
	unsigned int part = 0;

	for (size_t i = 0; i < maps->n; i++) {
		const struct maps_region *r = &maps->region[i];

		if (is_kernels(r) && part < place->n_parts)
			calls_add(calls, "park the vdso", SYS_mremap, r->start,
				  r->end - r->start, r->end - r->start,
				  MREMAP_MAYMOVE | MREMAP_FIXED,
				  place->park + place->part[part++].offset);
	}
}

int mem_hollow(const struct mem_place *place, struct calls *calls, const struct task *task,
	       struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	const uint64_t end = place->park + place->size;
	struct maps maps;

	if (!arena)
		return fail(err, -ENOMEM, "shell");
	int r = maps_read(task->pid, arena, &maps, err);
	if (r < 0)
		return r;
	park_parts(place, calls, &maps);
	calls_add(calls, "munmap", SYS_munmap, 0, place->blob);
	calls_add(calls, "munmap", SYS_munmap, end, 0x7ffffffff000UL - end);
	r = calls_run(calls, task->pid, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < maps.n; i++)
		if (maps.region[i].kind == MAPS_VDSO)
			task->plant->insn += place->park + place->vdso - maps.region[i].start;
	return 0;
}
