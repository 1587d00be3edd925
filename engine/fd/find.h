/* find.h - a path for an inode that the kernel names without one
 *
 * Looks through one file system, from a mount point down, as far as FIND_MAX names.
 */
#ifndef CKRUN_FD_FIND_H
#define CKRUN_FD_FIND_H

#include <stdbool.h>
#include <sys/types.h>

struct arena;

/* find_path() - the first path whose inode number is ino and that is_it() approves; in the
 * arena.  dir is the mount point, mountpoint its path.  NULL: there is none. */
const char *find_path(struct arena *arena, int dir, const char *mountpoint, ino_t ino,
		      bool (*is_it)(void *ctx, const char *path), void *ctx);

#endif
