/* filled.h - an image that has every kind of file, with every field of every record set */
#ifndef CKRUN_TESTS_FILLED_H
#define CKRUN_TESTS_FILLED_H

#include <stdbool.h>

#include "engine/image/schema/ipc.pb-c.h"
#include "tests/unit/fill.h"
#include "tests/unit/image-sample.h"

static struct err filled_err;

/* Raw bytes behind a record whose numbers are all 1; padding is zero. */
static const struct {
	enum image_file file;
	size_t bytes;
} filled_behind[] = {
	{IMAGE_PIPES_DATA, 1}, {IMAGE_FIFO_DATA, 1},  {IMAGE_SK_QUEUES, 1},
	{IMAGE_TCP_STREAM, 2}, {IMAGE_GHOST_FILE, 1}, {IMAGE_BPFMAP_DATA, 2},
	{IMAGE_IPC_SEM, 8},    {IMAGE_IPC_MSG, 8},
};

static inline void filled_raw_put(struct image_writer *w, enum image_file file)
{
	for (size_t i = 0; i < sizeof(filled_behind) / sizeof(filled_behind[0]); i++)
		if (filled_behind[i].file == file)
			check(record_put_raw(w, "r\0\0\0\0\0\0", filled_behind[i].bytes,
					     &filled_err) == 0);
}

static inline void filled_put(struct image_dir *dir, enum image_file file)
{
	const struct image_file_type *type = image_file_type(file);
	struct image_writer *w = NULL;

	check(image_writer_open(dir, file, 1, &w, &filled_err) == 0);
	if (type->first)
		check(record_put(w, fill(type->first, 0), &filled_err) == 0);
	check(record_put(w, fill(type->message, 0), &filled_err) == 0);
	if (file == IMAGE_IPC_MSG)
		check(record_put(w, fill(&ipc_msg__descriptor, 0), &filled_err) == 0);
	filled_raw_put(w, file);
	if (image_writer_close(&w, &filled_err) < 0)
		check(!"closed");
}

static inline bool filled_has(enum image_file file)
{
	return image_file_type(file)->message && file != IMAGE_CKRUN_MANIFEST &&
	       file != IMAGE_STATS;
}

static inline void filled_image(int fd)
{
	struct image_dir *dir = NULL;

	check(image_create(fd, &dir, &filled_err) == 0);
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++)
		if (filled_has(file))
			filled_put(dir, file);
	sample_commit(dir);
}

#endif
