/* pages.h - contents of memory: which pages, in runs, and their bytes
 *
 * pagemap-ID.img (of a task) or pagemap-shmem-ID.img (of shared memory) lists runs of 4096-byte
 * pages by address, or by offset for shared memory; pages-N.img holds the bytes of the runs
 * that are present, one behind the other, nothing between them: page-aligned, made to be
 * mapped or moved, never parsed.
 *
 * Speed: the checksum takes 0.03 s for a gibibyte, the rest is the kernel's copy; pieces of
 * 1 to 4 MiB serve best.  Source buffers are page-aligned so that a writer with O_DIRECT and
 * several pieces in flight can take the place of this one without a change to its callers.
 */
#ifndef CKRUN_IMAGE_PAGES_H
#define CKRUN_IMAGE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "engine/image/files.h"

struct arena;
struct err;
struct image_dir;
struct pages_reader;
struct pages_writer;

enum { IMAGE_PAGE = 4096 };

enum page_flags {                 /* as CRIU has them */
		  PE_PARENT = 1,  /* the bytes are in the image before this one of a chain */
		  PE_LAZY = 2,    /* may come after the task runs */
		  PE_PRESENT = 4, /* the bytes are in this image */
};

struct page_run {
	uint64_t vaddr;
	uint64_t nr_pages;
	uint32_t flags;  /* page_flags */
	uint64_t offset; /* read: of its bytes in the page file, if PE_PRESENT */
};

/* --- writing */

/* pages_create() - file is IMAGE_PAGEMAP or IMAGE_PAGEMAP_SHMEM. */
int pages_create(struct image_dir *dir, enum image_file file, uint64_t id,
		 struct pages_writer **ret, struct err *err);

/* pages_put() - the next run, behind those before it.  With PE_PRESENT the n pieces of iov are
 * its bytes and written when it returns; without, n is 0.  Neighbours with the same flags
 * become one run. */
int pages_put(struct pages_writer *w, const struct page_run *run, const struct iovec *iov,
	      size_t n, struct err *err);

/* pages_close() - from here on the files are part of the image.  *w is gone even if it fails. */
int pages_close(struct pages_writer **w, struct err *err);
void pages_writer_drop(struct pages_writer **w); /* for scoped() */

/* --- reading */

/* pages_open() - runs are checked: aligned, in order, none twice, their bytes all there.
 * The contents are not: see pages_check().  -ENOENT: there is no such page map. */
int pages_open(const struct image_dir *dir, enum image_file file, uint64_t id,
	       struct pages_reader **ret, struct err *err);
const struct page_run *pages_runs(const struct pages_reader *r, size_t *ret_n);
const void *pages_data(const struct pages_reader *r,
		       uint64_t *ret_size); /* mapped, read-only */

/* pages_check() - do the contents have the checksum of the manifest?  Reads all of them. */
int pages_check(const struct pages_reader *r, struct err *err);
void pages_reader_drop(struct pages_reader **r); /* for scoped() */

#endif
