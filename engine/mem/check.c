#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "engine/image/pages.h"
#include "engine/mem/check.h"
#include "engine/mem/vma.h"
#include "runtime/base/err.h"

/* TASK_SIZE with four levels of page tables; five are used on request only. */
#define USER_END 0x7ffffffff000UL

enum { KINDS = 4 };

static const uint64_t advice_known = 1UL << MADV_SEQUENTIAL | 1UL << MADV_RANDOM |
				     1UL << MADV_DONTFORK | 1UL << MADV_WIPEONFORK |
				     1UL << MADV_DONTDUMP | 1UL << MADV_HUGEPAGE |
				     1UL << MADV_NOHUGEPAGE | 1UL << MADV_MERGEABLE;

/* has_one_kind() - private or shared, of a file or of nothing: exactly one of them */
static bool has_one_kind(const VmaEntry *vma)
{
	static const uint32_t kind[KINDS] = {VMA_FILE_PRIVATE, VMA_FILE_SHARED,
					     VMA_ANON_PRIVATE, VMA_ANON_SHARED};
	unsigned int n = 0;

	for (int i = 0; i < KINDS; i++)
		n += (vma->status & kind[i]) != 0;
	return n == 1 || (n == 0 && vma_is_kernels(vma));
}

static int check_region(const VmaEntry *vma, uint64_t end, struct err *err)
{
	const uint32_t prot = PROT_READ | PROT_WRITE | PROT_EXEC;

	if ((vma->start | vma->end | vma->pgoff) % IMAGE_PAGE || vma->start >= vma->end)
		return fail(err, -EPROTO, "it is no range of pages");
	if (vma->start < end)
		return fail(err, -EPROTO, "it lies within the region before it");
	/* one page of every process above all others, the same for all */
	if (vma->status & VMA_VSYSCALL)
		return 0;
	if (vma->end > USER_END)
		return fail(err, -EPROTO, "it lies beyond the memory of programs");
	if (vma->pgoff > UINT64_MAX - (vma->end - vma->start))
		return fail(err, -EPROTO, "it begins at offset %#lx of a file", vma->pgoff);
	if (vma->prot & ~prot || vma->madv & ~advice_known || !has_one_kind(vma))
		return refuse(err,
			      "protection %#x, advice %#lx or status %#x is unknown to this "
			      "ckrun",
			      vma->prot, vma->madv, vma->status);
	return 0;
}

int mem_check(const MmEntry *mm, struct err *err)
{
	uint64_t end = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		if (check_region(vma, end, err) < 0)
			return fail_in(err, "memory at %lx-%lx", vma->start, vma->end);
		end = vma->end;
	}
	return 0;
}

static bool may_be_filled(const VmaEntry *vma)
{
	return vma_has_pages(vma) || vma_is_vdso(vma);
}

/* filled_to() - up to where regions with pages follow one another from addr on; 0: nowhere.
 * *at goes up with addr. */
static uint64_t filled_to(const MmEntry *mm, uint64_t addr, size_t *at)
{
	while (*at < mm->n_vmas && mm->vmas[*at]->end <= addr)
		++*at;
	if (*at == mm->n_vmas || mm->vmas[*at]->start > addr || !may_be_filled(mm->vmas[*at]))
		return 0;
	size_t i = *at;
	while (i + 1 < mm->n_vmas && mm->vmas[i + 1]->start == mm->vmas[i]->end &&
	       may_be_filled(mm->vmas[i + 1]))
		i++;
	return mm->vmas[i]->end;
}

int mem_check_runs(const MmEntry *mm, const struct page_run *run, size_t n, struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (run[i].vaddr + run[i].nr_pages * IMAGE_PAGE >
		    filled_to(mm, run[i].vaddr, &at))
			return fail(err, -EPROTO,
				    "%lu pages at %lx lie outside of the task's regions",
				    run[i].nr_pages, run[i].vaddr);
	return 0;
}
