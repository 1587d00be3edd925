/* dir.h - the directory of an image: whole or not there
 *
 * An image is complete when it has inventory.img; ckrun-manifest.img beside it says what else
 * belongs to it.  Files are written into the hidden sub-directory .ckrun-partial and moved up
 * by image_commit(), the manifest next to last, inventory.img last: a checkpoint that fails
 * or is killed leaves no half image.  Files are 0600, they hold the memory of processes.
 *
 *	scoped(image_close) struct image_dir *dir = NULL;
 *	r = image_create(request->image_dir, &dir, err);
 *	...				rooms write their files
 *	r = image_commit(dir, &about, IMAGE_SYNC, err);
 *
 * For reading, nothing that is not a regular file of this very directory is opened: no
 * symbolic link, device or fifo (openat2(2), Linux 5.6).  A file that the manifest does not
 * list is not part of the image.  An image without a manifest was made by CRIU ("foreign").
 */
#ifndef CKRUN_IMAGE_DIR_H
#define CKRUN_IMAGE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/files.h"

struct arena;
struct err;
struct image_about;
struct image_dir;

#define IMAGE_PARTIAL ".ckrun-partial"

/* image_create() - begin an image below dir (O_DIRECTORY, borrowed).  What a killed checkpoint
 * left in .ckrun-partial is removed; -EBUSY while another checkpoint writes there. */
int image_create(int dir, struct image_dir **ret, struct err *err);

enum image_sync {
	IMAGE_SYNC,    /* everything is on disk when image_commit() returns */
	IMAGE_NO_SYNC, /* in the page cache: a power cut may tear it, which the manifest shows */
};

/* image_commit() - from here on it is an image.  It takes the place of an older one in the
 * same directory, of which no file stays.  Every writer is closed before. */
int image_commit(struct image_dir *dir, const struct image_about *about, enum image_sync sync,
		 struct err *err);

/* image_open() - for reading: manifest, required features and the length of every file are
 * checked here, the contents of each file when it is read. */
int image_open(int dir, struct image_dir **ret, struct err *err);

/* image_close() - for scoped(); removes what was created and not committed. */
void image_close(struct image_dir **dir);

bool image_is_foreign(const struct image_dir *dir);
const struct image_about *image_about(const struct image_dir *dir); /* NULL: foreign */
bool image_has(const struct image_dir *dir, enum image_file file, uint64_t id);

/* image_ids() - of all files of this type in the image, in no order; into the arena. */
int image_ids(const struct image_dir *dir, enum image_file file, struct arena *arena,
	      uint64_t **ret, size_t *ret_n, struct err *err);

#endif
