/* one.h - files with one record, and files read as a whole */
#ifndef CKRUN_IMAGE_ONE_H
#define CKRUN_IMAGE_ONE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/files.h"

struct arena;
struct err;
struct image_dir;

int image_put_one(struct image_dir *dir, enum image_file file, uint64_t id,
		  const ProtobufCMessage *message, struct err *err);

/* image_get_one() - the only record; a second one or bytes behind it are an error.
 * -ENOENT: the image has no such file. */
int image_get_one(const struct image_dir *dir, enum image_file file, uint64_t id,
		  struct arena *arena, void **ret, struct err *err);

/* image_get_all() - every record of a file whose records have no raw bytes behind them.
 * *ret is an array of *ret_n pointers.  -ENOENT: the image has no such file. */
int image_get_all(const struct image_dir *dir, enum image_file file, uint64_t id,
		  struct arena *arena, void ***ret, size_t *ret_n, struct err *err);

#endif
