/* core_fill.c - core.h: contents of memory; what is zero stays a hole */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/core_parts.h"

static int write_at(int out, const void *data, size_t len, uint64_t at, struct err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(out, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "write");
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Runs that lie within the segment; `shift`: what an address has more than its place in a run. */
static int runs_put(const struct pages_reader *pages, const struct core_segment *segment,
		    uint64_t shift, int out, struct err *err)
{
	const uint64_t start = segment->start - shift, end = segment->end - shift;
	uint64_t size;
	size_t n;
	const struct page_run *run = pages_runs(pages, &n);
	const unsigned char *data = pages_data(pages, &size);

	if (end < start)
		return fail(err, -EBADMSG, "an offset of 0x%llx in what it maps",
			    (unsigned long long)segment->vma->pgoff);
	for (size_t i = view_first_run(pages, start); i < n && run[i].vaddr < end; i++) {
		uint64_t from = run[i].vaddr, to = from + run[i].nr_pages * IMAGE_PAGE;

		if (run[i].flags & PE_PARENT)
			return refuse(err, "its pages are in an earlier image of a chain");
		if (!(run[i].flags & PE_PRESENT))
			continue;
		from = from < start ? start : from;
		to = to > end ? end : to;
		if (write_at(out, data + run[i].offset + (from - run[i].vaddr), to - from,
			     segment->offset + (from - start), err) < 0)
			return err->code;
	}
	return 0;
}

/* Behind the end of the file the segment stays as it is: zero. */
static int file_put(int file, const struct core_segment *segment, int out, struct err *err)
{
	uint64_t at = segment->vma->pgoff + (segment->start - segment->vma->start);
	uint64_t left = segment->end - segment->start, to = segment->offset;
	scoped_free char *buffer = malloc(1 << 20);

	if (!buffer)
		return fail(err, -ENOMEM, "out of memory");
	while (left) {
		ssize_t n = pread(file, buffer, left < 1 << 20 ? left : 1 << 20, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "read the mapped file");
		if (n == 0)
			break;
		if (write_at(out, buffer, (size_t)n, to, err) < 0)
			return err->code;
		at += (uint64_t)n;
		to += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return 0;
}

static int segment_fill(const struct image_view *view, const struct view_space *space,
			const struct core_segment *segment, int rootfs, int out,
			struct err *err)
{
	scoped(core_source_drop) struct core_source source = {.file = -1};
	int r = core_source(view, segment->vma, rootfs, &source, err);

	if (r == 0 && source.file >= 0)
		r = file_put(source.file, segment, out, err);
	if (r == 0 && source.shared)
		r = runs_put(source.shared, segment, segment->vma->start - segment->vma->pgoff,
			     out, err);
	if (r == 0 && space->pages)
		r = runs_put(space->pages, segment, 0, out, err);
	return r;
}

int core_fill(const struct image_view *view, const struct view_space *space,
	      const struct core_segments *segments, int rootfs, int out, struct err *err)
{
	for (size_t i = 0; i < segments->n; i++) {
		const struct core_segment *segment = &segments->segment[i];

		if (segment->filled && segment_fill(view, space, segment, rootfs, out, err) < 0)
			return fail_in(err, "memory at 0x%llx",
				       (unsigned long long)segment->start);
	}
	return 0;
}
