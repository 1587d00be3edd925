/* image-changed.h - a sound image of which an input changes bytes
 *
 * An input is a list of {file, place, value}: which file of the image, where in it, what.
 */
#ifndef CKRUN_FUZZ_IMAGE_CHANGED_H
#define CKRUN_FUZZ_IMAGE_CHANGED_H

#include "tests/fuzz/image.h"
#include "tests/unit/image-sample.h"

enum { CHANGED_FILES = 12, CHANGED_ROOM = 4096, CHANGES_MAX = 60 };

static const char *const changed_names[CHANGED_FILES] = {
	"pstree.img",   "files.img",       "core-1.img", "ids-1.img",
	"fdinfo-1.img", "mm-1.img",        "fs-1.img",   "pagemap-1.img",
	"ids-2.img",    "ckrun-roots.img", "mm-2.img",   "inventory.img",
};

struct changed_file {
	unsigned char data[CHANGED_ROOM];
	size_t size;
};

static struct changed_file changed_kept[CHANGED_FILES];

/* changed_image() - the sound one. */
static inline int changed_image(void)
{
	int fd = fuzz_dir();

	sample_write(fd, &SAMPLE_SOUND);
	unlinkat(fd, "ckrun-manifest.img", 0); /* its checksums would end every case at once */
	for (int i = 0; i < CHANGED_FILES; i++) {
		int file = openat(fd, changed_names[i], O_RDONLY);

		ssize_t n = read(file, changed_kept[i].data, CHANGED_ROOM);
		must(n > 0 && n < CHANGED_ROOM);
		changed_kept[i].size = (size_t)n;
		close(file);
	}
	return fd;
}

static inline void changed_apply(int fd, const unsigned char *data, size_t size)
{
	unsigned char changed[CHANGED_ROOM];

	for (size_t i = 0; i + 3 <= size && i < CHANGES_MAX; i += 3) {
		const struct changed_file *file = &changed_kept[data[i] % CHANGED_FILES];

		memcpy(changed, file->data, file->size);
		for (size_t j = i; j + 3 <= size; j += 3) /* all changes of this file at once */
			if (data[j] % CHANGED_FILES == data[i] % CHANGED_FILES)
				changed[data[j + 1] % file->size] = data[j + 2];
		fuzz_put(fd, changed_names[data[i] % CHANGED_FILES], changed, file->size);
	}
}

static inline void changed_undo(int fd, const unsigned char *data, size_t size)
{
	for (size_t i = 0; i + 3 <= size && i < CHANGES_MAX; i += 3)
		fuzz_put(fd, changed_names[data[i] % CHANGED_FILES],
			 changed_kept[data[i] % CHANGED_FILES].data,
			 changed_kept[data[i] % CHANGED_FILES].size);
}

#endif
