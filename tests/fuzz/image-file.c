/* image-file.c - libFuzzer: no file of an image, of whatever kind, breaks its reader
 *
 * The first byte says which file it is.  With an even second byte the rest follows the magic;
 * with an odd one it is a list of {place, place, value}: changes to a file with every field.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/image/walk.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/fuzz/image-body.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void as_pages(const struct image_dir *dir, enum image_file file)
{
	scoped(pages_reader_drop) struct pages_reader *reader = NULL;
	struct err err = {};
	uint64_t bytes;
	size_t n;

	if (pages_open(dir, file, 1, &reader, &err) < 0) {
		must(err.n);
		return;
	}
	const struct page_run *run = pages_runs(reader, &n);
	const unsigned char *page = pages_data(reader, &bytes);
	for (size_t i = 0; i < n; i++)
		if (run[i].flags & PE_PRESENT) /* what is promised is there */
			must(page[run[i].offset + run[i].nr_pages * IMAGE_PAGE - 1] < 9);
}

enum { ROOM = 1 << 20 };

static int directory(void)
{
	static const char pages[3 * IMAGE_PAGE];
	int fd = fuzz_dir();

	fuzz_put(fd, "inventory.img", "\x16\x31\x31\x58\2\0\0\0\10\2", 10);
	fuzz_put(fd, "pages-1.img", pages, sizeof(pages));
	return fd;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static unsigned char whole[ROOM];
	static int fd = -1;
	scoped(image_close) struct image_dir *dir = NULL;
	struct err err = {};

	if (fd < 0)
		fd = directory();
	if (size < 1 || size > ROOM - 8 || data[0] % IMAGE_FILE_TYPES == IMAGE_PAGES ||
	    data[0] % IMAGE_FILE_TYPES == IMAGE_CKRUN_MANIFEST)
		return 0;
	enum image_file file = data[0] % IMAGE_FILE_TYPES;
	struct image_name name = image_name(file, 1);
	size_t len = fuzz_head(file, whole);
	len += fuzz_body(file, data, size, whole + len);
	must(image_open(fd, &dir, &err) == 0);
	fuzz_put(fd, name.text, whole, len);
	if (image_walk_file(dir, file, 1, &err) < 0)
		must(err.n);
	if (file == IMAGE_PAGEMAP || file == IMAGE_PAGEMAP_SHMEM)
		as_pages(dir, file);
	if (file != IMAGE_INVENTORY)
		unlinkat(fd, name.text, 0);
	return 0;
}
