/* direct.h - long page files written past the page cache, while the next piece is collected
 *
 * Kernel  O_DIRECT needs buffers, offsets and lengths of whole blocks: pages are.  Written through
 *         the cache a gibibyte took 1 to 3 s on a busy machine (the pages of the cache have to
 *         be found), past it 0.5 to 0.8 s, at the speed of the disk, and what others have
 *         in the cache stays there.
 *         Two chunks: a thread of ours writes one while the caller fills the other.
 */
#ifndef CKRUN_IMAGE_DIRECT_H
#define CKRUN_IMAGE_DIRECT_H

#include <stddef.h>
#include <stdint.h>

struct direct;
struct err;

/* direct_start() - go on at this offset of fd, which stays the caller's and becomes O_DIRECT.
 * -EINVAL: the file system cannot do it (and err is empty); the caller writes as before. */
int direct_start(int fd, uint64_t offset, struct direct **ret, struct err *err);

/* direct_put() - whole pages.  Copied; written now or later. */
int direct_put(struct direct *direct, const void *data, size_t size, struct err *err);

/* direct_finish() - all of it is written; *direct is gone, after failure too. */
int direct_finish(struct direct **direct, struct err *err);
void direct_drop(struct direct **direct); /* for scoped() */

#endif
