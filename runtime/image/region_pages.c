/* region_pages.c - show.h: pages of the image, counted by region */
#include "runtime/base/arena.h"
#include "runtime/image/show.h"
#include "runtime/image/view.h"

static uint64_t overlap(const struct page_run *run, const VmaEntry *vma)
{
	const uint64_t end = run->vaddr + run->nr_pages * IMAGE_PAGE;
	const uint64_t from = run->vaddr > vma->start ? run->vaddr : vma->start;
	const uint64_t to = end < vma->end ? end : vma->end;

	return to > from ? (to - from) / IMAGE_PAGE : 0;
}

/* Both are in order; an image in which regions are not gets counts that are too small. */
const uint64_t *show_region_pages(const struct image_view *view, const struct view_space *space)
{
	const MmEntry *mm = space->mm;
	uint64_t *pages = arena_alloc(view->arena, (mm->n_vmas + 1) * sizeof(*pages));
	const struct page_run *run;
	size_t n = 0, at = 0;

	if (!pages || !space->pages)
		return pages;
	run = pages_runs(space->pages, &n);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		while (at < n && run[at].vaddr + run[at].nr_pages * IMAGE_PAGE <= vma->start)
			at++;
		for (size_t j = at; j < n && run[j].vaddr < vma->end; j++)
			if (run[j].flags & PE_PRESENT)
				pages[i] += overlap(&run[j], vma);
	}
	return pages;
}
