/* walk.h - go through a file record by record, whatever its kind */
#ifndef CKRUN_IMAGE_WALK_H
#define CKRUN_IMAGE_WALK_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "engine/image/record.h"

struct image_walk {
	struct image_reader *reader;
	enum image_file file;
	unsigned int n; /* records so far */
};

/* image_walk_next() - 1 and the next record, the raw bytes behind it passed over; 0 at the end. */
int image_walk_next(struct image_walk *walk, struct arena *arena, const ProtobufCMessage **ret,
		    struct err *err);

/* image_walk_file() - is every record of a file there?  Raw files have none. */
int image_walk_file(const struct image_dir *dir, enum image_file file, uint64_t id,
		    struct err *err);

#endif
