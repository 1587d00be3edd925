/* validate.h - is an image whole, and does it hang together?
 *
 * Nothing is restored and nothing of the container is needed.  Checked are: lengths and
 * checksums of the manifest, the records of every file, that every id names something that is
 * there, that the processes form trees, that page runs lie within the regions of their task.
 * All problems are listed, not the first alone.
 */
#ifndef CKRUN_IMAGE_VALIDATE_H
#define CKRUN_IMAGE_VALIDATE_H

#include <stddef.h>

struct arena;
struct err;

struct image_problems {
	const char **text; /* a sentence each */
	size_t n;
};

/* image_validate() - the number of problems, 0 for a sound image.  Negative only if they could
 * not be found out (no memory, directory unreadable). */
int image_validate(int dir, struct arena *arena, struct image_problems *ret, struct err *err);

#endif
