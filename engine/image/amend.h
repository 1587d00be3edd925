/* amend.h - write some files of an image again, leave the others as they are
 *
 *	scoped(image_close) struct image_dir *dir = NULL;
 *	r = image_amend(fd, &dir, err);
 *	...				read from one that image_open() gave, write to this one
 *	r = image_amend_commit(dir, err);
 *
 * A file that is written takes the place of the one that the image has, and the manifest
 * follows.  New files grow in .ckrun-partial and are moved up when all are on the disk: of
 * what fails before that nothing is seen.  A power cut while they are moved leaves an image that
 * its manifest does not fit: it is refused then, never restored half changed.
 */
#ifndef CKRUN_IMAGE_AMEND_H
#define CKRUN_IMAGE_AMEND_H

#include "engine/image/dir.h"

struct err;

/* image_amend() - only writers work on it.  -EBUSY while somebody else writes there. */
int image_amend(int dir, struct image_dir **ret, struct err *err);

/* image_amend_commit() - every writer is closed before. */
int image_amend_commit(struct image_dir *dir, struct err *err);

#endif
