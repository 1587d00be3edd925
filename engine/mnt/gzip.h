/* gzip.h - the frame of a tmpfs archive in the image: RFC 1952
 *
 * Written without compression: a checkpoint copies at the speed of memory, and every tool reads
 * it all the same.  Read whatever it was compressed with.
 */
#ifndef CKRUN_MNT_GZIP_H
#define CKRUN_MNT_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "engine/image/files.h"

struct err;
struct gzip_in;
struct gzip_out;
struct image_dir;

int gzip_out_open(struct image_dir *image, enum image_file file, uint64_t id,
		  struct gzip_out **ret, struct err *err);
int gzip_write(void *gzip_out, const void *data, size_t len, struct err *err);
int gzip_out_close(struct gzip_out **out, struct err *err);
void gzip_out_drop(struct gzip_out **out); /* for scoped(): the file is abandoned */

int gzip_in_open(const struct image_dir *image, enum image_file file, uint64_t id,
		 struct gzip_in **ret, struct err *err);
int gzip_read(void *gzip_in, void *data, size_t len, struct err *err); /* exactly len */
void gzip_in_drop(struct gzip_in **in);

#endif
