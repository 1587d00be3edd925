/* image-validate.c - libFuzzer: bytes changed anywhere in a sound image never break its check
 *
 * An input is a list of {file, place, value}: which file of the image, where in it, what.
 */
#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/fuzz/image.h"
#include "tests/unit/image-sample.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { FILES = 12, ROOM = 4096 };

static const char *const names[FILES] = {
	"pstree.img",   "files.img",       "core-1.img", "ids-1.img",
	"fdinfo-1.img", "mm-1.img",        "fs-1.img",   "pagemap-1.img",
	"ids-2.img",    "ckrun-roots.img", "mm-2.img",   "inventory.img",
};

struct kept {
	unsigned char data[ROOM];
	size_t size;
};

static int image_made(struct kept *kept)
{
	int fd = fuzz_dir();

	sample_write(fd, &SAMPLE_SOUND);
	unlinkat(fd, "ckrun-manifest.img", 0); /* its checksums would end every case at once */
	for (int i = 0; i < FILES; i++) {
		int file = openat(fd, names[i], O_RDONLY);

		ssize_t n = read(file, kept[i].data, ROOM);
		must(n > 0 && n < ROOM);
		kept[i].size = (size_t)n;
		close(file);
	}
	return fd;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct kept kept[FILES];
	static int fd = -1;
	unsigned char changed[ROOM];
	scoped(arena_free) struct arena *arena = arena_new();
	struct image_problems found = {};
	struct err err = {};

	if (fd < 0)
		fd = image_made(kept);
	for (size_t i = 0; i + 3 <= size && i < 60; i += 3) {
		const struct kept *file = &kept[data[i] % FILES];

		memcpy(changed, file->data, file->size);
		for (size_t j = i; j + 3 <= size; j += 3) /* all changes of this file at once */
			if (data[j] % FILES == data[i] % FILES)
				changed[data[j + 1] % file->size] = data[j + 2];
		fuzz_put(fd, names[data[i] % FILES], changed, file->size);
	}
	if (image_validate(fd, arena, &found, &err) < 0)
		must(err.n);
	for (size_t i = 0; i + 3 <= size && i < 60; i += 3)
		fuzz_put(fd, names[data[i] % FILES], kept[data[i] % FILES].data,
			 kept[data[i] % FILES].size);
	return 0;
}
