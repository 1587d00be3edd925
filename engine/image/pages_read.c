/* pages_read.c - pages.h, the reading half */
#include <errno.h>

#include "engine/image/ahead.h"
#include "engine/image/crc32c.h"
#include "engine/image/inside.h"
#include "engine/image/one.h"
#include "engine/image/pages.h"
#include "engine/image/schema/pagemap.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct pages_reader {
	const struct image_dir *dir;
	struct arena *arena;
	struct image_name map, name;
	struct image_bytes bytes;
	struct ahead *ahead;
	struct page_run *run;
	size_t n;
};

void pages_reader_drop(struct pages_reader **r)
{
	if (!*r)
		return;
	ahead_stop(&(*r)->ahead);
	image_bytes_free(&(*r)->bytes);
	arena_free(&(*r)->arena);
	free(*r);
	*r = NULL;
}

/* CRIU before 4.2 has 32 bits for the number, before 2.0 it has no flags. */
static struct page_run run_of(const PagemapEntry *entry)
{
	struct page_run run = {.vaddr = entry->vaddr};

	run.nr_pages = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
	run.flags = entry->has_flags ? entry->flags : PE_PRESENT;
	if (entry->has_in_parent && entry->in_parent)
		run.flags = (run.flags & ~(uint32_t)PE_PRESENT) | PE_PARENT;
	return run;
}

static int run_check(const PagemapEntry *entry, const struct page_run *run, uint64_t end,
		     struct err *err)
{
	if (entry->blocks)
		return refuse(err, "its pages are compressed, which this ckrun cannot read");
	if (run->flags & ~(uint32_t)(PE_PARENT | PE_LAZY | PE_PRESENT))
		return refuse(err, "flags 0x%x, which this ckrun does not know", run->flags);
	if (run->vaddr % IMAGE_PAGE || !run->nr_pages ||
	    run->nr_pages > (UINT64_MAX - run->vaddr) / IMAGE_PAGE)
		return fail(err, -EBADMSG, "%llu pages at 0x%llx are no run",
			    (unsigned long long)run->nr_pages, (unsigned long long)run->vaddr);
	if (run->vaddr < end)
		return fail(err, -EBADMSG, "0x%llx lies within the run before it",
			    (unsigned long long)run->vaddr);
	return 0;
}

static int runs_take(struct pages_reader *r, void **entry, size_t n, uint64_t *ret_bytes,
		     struct err *err)
{
	uint64_t end = 0, offset = 0;

	r->run = arena_alloc(r->arena, n * sizeof(*r->run));
	if (!r->run)
		return fail(err, -ENOMEM, "no memory for %zu runs", n);
	for (size_t i = 0; i < n; i++) {
		struct page_run run = run_of(entry[i]);

		if (run_check(entry[i], &run, end, err) < 0)
			return fail_in(err, "%s: record %zu", r->map.text, i + 2);
		end = run.vaddr + run.nr_pages * IMAGE_PAGE;
		run.offset = offset;
		if (run.flags & PE_PRESENT)
			offset += run.nr_pages * IMAGE_PAGE;
		if (offset > IMAGE_FILE_MAX)
			return fail(err, -EFBIG, "%s: more pages than fit in memory",
				    r->map.text);
		r->run[r->n++] = run;
	}
	*ret_bytes = offset;
	return 0;
}

static int reader_load(struct pages_reader *r, enum image_file file, uint64_t id,
		       struct err *err)
{
	void **record;
	uint64_t want = 0;
	size_t n;
	int e = image_get_all(r->dir, file, id, r->arena, &record, &n, err);

	if (e < 0)
		return e;
	if (!n)
		return fail(err, -EBADMSG, "%s has no record", r->map.text);
	e = runs_take(r, record + 1, n - 1, &want, err);
	if (e < 0)
		return e;
	r->name = image_name(IMAGE_PAGES, ((const PagemapHead *)record[0])->pages_id);
	e = image_bytes_load(r->dir, r->name.text, IMAGE_MAP, &r->bytes, err);
	if (e < 0)
		return e;
	if (r->bytes.size < want)
		return fail(err, -EBADMSG, "%s has %zu bytes, %s needs %llu", r->name.text,
			    r->bytes.size, r->map.text, (unsigned long long)want);
	return 0;
}

int pages_open(const struct image_dir *dir, enum image_file file, uint64_t id,
	       struct pages_reader **ret, struct err *err)
{
	scoped(pages_reader_drop) struct pages_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return fail(err, -ENOMEM, "no memory for a page file");
	r->dir = dir;
	r->map = image_name(file, id);
	r->arena = arena_new();
	if (!r->arena)
		return fail(err, -ENOMEM, "no memory for a page file");
	int e = reader_load(r, file, id, err);
	if (e < 0)
		return e;
	r->ahead = ahead_start(r->bytes.data, r->bytes.size);
	*ret = take_ptr(r);
	return 0;
}

const struct page_run *pages_runs(const struct pages_reader *r, size_t *ret_n)
{
	*ret_n = r->n;
	return r->run;
}

const void *pages_data(const struct pages_reader *r, uint64_t *ret_size)
{
	*ret_size = r->bytes.size;
	return r->bytes.data;
}

int pages_check(const struct pages_reader *r, struct err *err)
{
	if (r->dir->foreign || crc32c(0, r->bytes.data, r->bytes.size) == r->bytes.crc)
		return 0;
	return fail(err, -EBADMSG, "%s: its contents are not what the manifest says",
		    r->name.text);
}
