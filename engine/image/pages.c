/* pages.c - pages.h, the writing half */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/image/crc32c.h"
#include "engine/image/direct.h"
#include "engine/image/inside.h"
#include "engine/image/pages.h"
#include "engine/image/record.h"
#include "engine/image/schema/pagemap.pb-c.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum {
	GATHER = 128 << 10, /* pieces below are written together, others as they come */
	LONG = 16 << 20,    /* from here on a file is written past the page cache */
};

struct pages_writer {
	struct image_dir *dir;
	struct image_writer *map;
	struct image_name name; /* of the page file */
	int fd;
	struct direct *direct; /* NULL: not long, or the file system cannot do it */
	bool asked;            /* whether it can */
	uint64_t length;
	uint32_t crc;
	struct page_run run; /* not yet written: the next may continue it */
	size_t used;
	unsigned char gather[GATHER];
};

void pages_writer_drop(struct pages_writer **writer)
{
	struct pages_writer *w = *writer;

	if (!w)
		return;
	image_writer_drop(&w->map);
	direct_drop(&w->direct);
	scope_close(&w->fd);
	free(w);
	*writer = NULL;
}

int pages_create(struct image_dir *dir, enum image_file file, uint64_t id,
		 struct pages_writer **ret, struct err *err)
{
	scoped(pages_writer_drop) struct pages_writer *w = malloc(sizeof(*w));
	PagemapHead head = PAGEMAP_HEAD__INIT;

	if (!w)
		return fail(err, -ENOMEM, "no memory for a page file");
	memset(w, 0, offsetof(struct pages_writer, gather));
	w->dir = dir;
	w->fd = -1;
	head.pages_id = ++dir->pages_id;
	w->name = image_name(IMAGE_PAGES, head.pages_id);
	int r = image_writer_open(dir, file, id, &w->map, err);
	if (r >= 0)
		r = record_put(w->map, &head.base, err);
	if (r >= 0)
		r = image_create_file(dir, w->name.text, &w->fd, err);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

static int run_flush(struct pages_writer *w, struct err *err)
{
	PagemapEntry entry = PAGEMAP_ENTRY__INIT;
	const struct page_run *run = &w->run;

	if (!run->nr_pages)
		return 0;
	entry.vaddr = run->vaddr;
	entry.compat_nr_pages = run->nr_pages <= UINT32_MAX ? (uint32_t)run->nr_pages : 0;
	entry.has_nr_pages = 1;
	entry.nr_pages = run->nr_pages;
	entry.has_flags = 1;
	entry.flags = run->flags;
	if (run->flags & PE_PARENT)
		entry.has_in_parent = entry.in_parent = 1;
	return record_put(w->map, &entry.base, err);
}

static int gathered_write(struct pages_writer *w, struct err *err)
{
	int r = image_write_all(w->fd, w->gather, w->used, err);

	w->used = 0;
	return r;
}

/* go_direct() - once the file is long */
static int go_direct(struct pages_writer *w, struct err *err)
{
	w->asked = true;
	int r = gathered_write(w, err);
	if (r < 0)
		return r;
	r = direct_start(w->fd, w->length, &w->direct, err);
	return r == -EINVAL ? 0 : r;
}

static int piece_write(struct pages_writer *w, const struct iovec *piece, struct err *err)
{
	if (w->length >= LONG && !w->asked) {
		int r = go_direct(w, err);

		if (r < 0)
			return r;
	}
	w->crc = crc32c(w->crc, piece->iov_base, piece->iov_len);
	w->length += piece->iov_len;
	if (w->direct)
		return direct_put(w->direct, piece->iov_base, piece->iov_len, err);
	if (piece->iov_len > GATHER - w->used) {
		int r = gathered_write(w, err);

		if (r < 0)
			return r;
	}
	if (piece->iov_len >= GATHER)
		return image_write_all(w->fd, piece->iov_base, piece->iov_len, err);
	memcpy(w->gather + w->used, piece->iov_base, piece->iov_len);
	w->used += piece->iov_len;
	return 0;
}

static int run_check(const struct pages_writer *w, const struct page_run *run,
		     const struct iovec *iov, size_t n, struct err *err)
{
	uint64_t end, bytes = 0, left = 0;

	for (size_t i = 0; i < n; i++)
		bytes += iov[i].iov_len;
	if (run->flags & PE_PRESENT)
		left = run->nr_pages * IMAGE_PAGE;
	if (bytes != left)
		return fail(err, -EINVAL, "%llu bytes for a run of %llu",
			    (unsigned long long)bytes, (unsigned long long)left);
	end = w->run.vaddr + w->run.nr_pages * IMAGE_PAGE;
	if (run->vaddr % IMAGE_PAGE || (w->run.nr_pages && run->vaddr < end))
		return fail(err, -EINVAL, "a run at 0x%llx behind one that ends at 0x%llx",
			    (unsigned long long)run->vaddr, (unsigned long long)end);
	return 0;
}

static int run_add(struct pages_writer *w, const struct page_run *run, struct err *err)
{
	uint64_t end = w->run.vaddr + w->run.nr_pages * IMAGE_PAGE;
	int r;

	if (w->run.nr_pages && run->vaddr == end && run->flags == w->run.flags) {
		w->run.nr_pages += run->nr_pages;
		return 0;
	}
	r = run_flush(w, err);
	w->run = *run;
	return r;
}

int pages_put(struct pages_writer *w, const struct page_run *run, const struct iovec *iov,
	      size_t n, struct err *err)
{
	int r = run_check(w, run, iov, n, err);

	if (r >= 0 && run->nr_pages)
		r = run_add(w, run, err);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = piece_write(w, &iov[i], err);
	return r < 0 ? fail_in(err, "%s", w->name.text) : 0;
}

int pages_close(struct pages_writer **writer, struct err *err)
{
	scoped(pages_writer_drop) struct pages_writer *w = take_ptr(*writer);
	int r = run_flush(w, err);

	if (r < 0)
		return r;
	if (gathered_write(w, err) < 0 || (w->direct && direct_finish(&w->direct, err) < 0))
		return fail_in(err, "%s", w->name.text);
	if (close(take_fd(&w->fd)) < 0)
		return fail_errno(err, "%s", w->name.text);
	r = image_member_add(w->dir, w->name.text, w->length, w->crc, err);
	return r < 0 ? r : image_writer_close(&w->map, err);
}
