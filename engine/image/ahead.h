/* ahead.h - have a mapped file read from the disk while its beginning is in use already
 *
 * Faults read little at a time and wait for it; a thread of ours asks for all of it in order
 * (MADV_WILLNEED, which does not wait).  A gibibyte that is not in the page cache: 2.2 s by
 * faults alone, about 1 s so.  What is cached costs next to nothing.
 */
#ifndef CKRUN_IMAGE_AHEAD_H
#define CKRUN_IMAGE_AHEAD_H

#include <stddef.h>

struct ahead;

/* ahead_start() - NULL if the file is too short to be worth it, or no thread can be had. */
struct ahead *ahead_start(const void *data, size_t size);
void ahead_stop(struct ahead **ahead); /* for scoped(); before the file is unmapped */

#endif
