/* walk.h - go through a file record by record, whatever its kind */
#ifndef CKRUN_IMAGE_WALK_H
#define CKRUN_IMAGE_WALK_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/record.h"

struct image_walk {
	struct image_reader *reader;
	enum image_file file;
	unsigned int n; /* records so far */
	/* What stood behind the last record, up to the next one: raw bytes and their padding.
	 * Of a message queue it is messages: a length, an ipc_msg, its bytes padded to 8. */
	const unsigned char *behind;
	size_t behind_len;
};

/* image_walk_next() - 1 and the next record, the raw bytes behind it passed over; 0 at the end. */
int image_walk_next(struct image_walk *walk, struct arena *arena, const ProtobufCMessage **ret,
		    struct err *err);

/* image_walk_file() - is every record of a file there?  Raw files have none. */
int image_walk_file(const struct image_dir *dir, enum image_file file, uint64_t id,
		    struct err *err);

/* image_bytes_behind() - how many raw bytes, padding and all, stand behind the n-th record
 * (from 1) of a file that has `left` more bytes.  Not of message queues. */
uint64_t image_bytes_behind(enum image_file file, unsigned int n, const void *record,
			    uint64_t left);

#endif
