/* validate_memory.c - validation.h: regions in order, files behind them, pages inside them */
#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/image/validation.h"
#include "runtime/base/scope.h"

enum { /* of vma_entry.status */
       VMA_FILE_PRIVATE = 1 << 6,
       VMA_FILE_SHARED = 1 << 7,
       VMA_ANON_SHARED = 1 << 8,
       VMA_SYSVIPC = 1 << 10,
};

/* Memory that is shared has its pages in a map of its own. */
static void shared_check(struct validation *v, uint32_t pid, const VmaEntry *vma)
{
	if ((vma->status & (VMA_ANON_SHARED | VMA_SYSVIPC)) == VMA_ANON_SHARED &&
	    !image_has(v->dir, IMAGE_PAGEMAP_SHMEM, vma->shmid))
		problem(v, "mm-%u.img: region 0x%llx: shmid: %s is missing", pid,
			(unsigned long long)vma->start,
			image_name(IMAGE_PAGEMAP_SHMEM, vma->shmid).text);
}

static void regions_check(struct validation *v, uint32_t pid, const MmEntry *mm)
{
	uint64_t end = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		if (vma->start >= vma->end || vma->start % IMAGE_PAGE || vma->end % IMAGE_PAGE)
			problem(v, "mm-%u.img: region 0x%llx-0x%llx is none", pid,
				(unsigned long long)vma->start, (unsigned long long)vma->end);
		if (vma->start < end)
			problem(v, "mm-%u.img: region 0x%llx lies within the one before it",
				pid, (unsigned long long)vma->start);
		if (vma->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED) &&
		    !validate_file(v, (uint32_t)vma->shmid))
			problem(v, "mm-%u.img: region 0x%llx: files.img has no file %llu", pid,
				(unsigned long long)vma->start, (unsigned long long)vma->shmid);
		shared_check(v, pid, vma);
		end = vma->end;
	}
}

/* The end of the regions that follow one another without a gap around addr; 0 if none does. */
static uint64_t covered_to(const MmEntry *mm, uint64_t addr, size_t *at)
{
	while (*at < mm->n_vmas && mm->vmas[*at]->end <= addr)
		++*at;
	if (*at == mm->n_vmas || mm->vmas[*at]->start > addr)
		return 0;
	size_t i = *at;
	while (i + 1 < mm->n_vmas && mm->vmas[i + 1]->start == mm->vmas[i]->end)
		i++;
	return mm->vmas[i]->end;
}

static void pages_in_regions(struct validation *v, uint32_t pid, const MmEntry *mm)
{
	scoped(pages_reader_drop) struct pages_reader *reader = NULL;
	struct err err = {};
	size_t n, at = 0;

	if (pages_open(v->dir, IMAGE_PAGEMAP, pid, &reader, &err) < 0) {
		problem_err(v, &err);
		return;
	}
	const struct page_run *run = pages_runs(reader, &n);
	for (size_t i = 0; i < n; i++)
		if (run[i].vaddr + run[i].nr_pages * IMAGE_PAGE >
		    covered_to(mm, run[i].vaddr, &at))
			problem(v,
				"pagemap-%u.img: %llu pages at 0x%llx are outside of the "
				"regions",
				pid, (unsigned long long)run[i].nr_pages,
				(unsigned long long)run[i].vaddr);
}

void validate_memory(struct validation *v, uint32_t pid)
{
	const MmEntry *mm = validate_get(v, IMAGE_MM, pid);

	if (!mm)
		return;
	if (!validate_file(v, mm->exe_file_id))
		problem(v, "mm-%u.img: exe: files.img has no file %u", pid, mm->exe_file_id);
	regions_check(v, pid, mm);
	pages_in_regions(v, pid, mm);
}
