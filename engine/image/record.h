/* record.h - read and write the records of a file
 *
 * A file is its magic, then records: a length of 4 bytes, little-endian, and a protobuf
 * message; some records are followed by raw bytes whose number the record tells.
 * Errors name the file and the record, counted from 1.  Limits: limits.h.
 *
 *	scoped(image_writer_drop) struct image_writer *w = NULL;
 *	r = image_writer_open(dir, IMAGE_FS, pid, &w, err);
 *	r = record_put(w, &entry.base, err);
 *	return image_writer_close(&w, err);
 */
#ifndef CKRUN_IMAGE_RECORD_H
#define CKRUN_IMAGE_RECORD_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/files.h"

struct arena;
struct err;
struct image_dir;
struct image_reader;
struct image_writer;

/* --- writing.  One thread at a time per directory. */

/* image_writer_open() - a new file of dir, its magic written.  -EEXIST if it was written. */
int image_writer_open(struct image_dir *dir, enum image_file file, uint64_t id,
		      struct image_writer **ret, struct err *err);
int record_put(struct image_writer *w, const ProtobufCMessage *message, struct err *err);
int record_put_raw(struct image_writer *w, const void *data, size_t len, struct err *err);

/* image_writer_close() - flush; from here on the file is one of the image.  *w is gone after
 * failure too. */
int image_writer_close(struct image_writer **w, struct err *err);
void image_writer_drop(struct image_writer **w); /* for scoped(): the file is abandoned */

/* --- reading */

/* image_reader_open() - the whole file is read and its checksum compared.
 * -ENOENT: the image has no such file. */
int image_reader_open(const struct image_dir *dir, enum image_file file, uint64_t id,
		      struct image_reader **ret, struct err *err);

/* image_reader_over() - of a file in memory, which stays the caller's; no manifest is asked.
 * The name is for errors. */
int image_reader_over(enum image_file file, const char *name, const void *data, size_t size,
		      struct image_reader **ret, struct err *err);

/* record_get() - the next record; 1, or 0 at the end of the file.  It and all it points to
 * live in the arena. */
int record_get(struct image_reader *r, const ProtobufCMessageDescriptor *descriptor,
	       struct arena *arena, void **ret, struct err *err);

/* record_get_raw() - the next len bytes; they stay until the reader is dropped. */
int record_get_raw(struct image_reader *r, uint64_t len, const void **ret, struct err *err);
uint64_t record_left(const struct image_reader *r); /* bytes not yet read */

/* image_reader_at() - how many bytes of the file are read, and the file as a whole. */
size_t image_reader_at(const struct image_reader *r, const unsigned char **ret_data);
void image_reader_drop(struct image_reader **r); /* for scoped() */

#endif
