/* ghost.h - files without a name: deleted, but open, mapped or somebody's directory
 *
 * A ghost is an inode: everything that refers to it refers to one file again.  Contents go to
 * ghost-file-ID.img; remap-fpath.img ties the files of files.img to it.
 * At restore it is made in the directory where it was (or the nearest one that is there),
 * under its old name if that is free, and has no name again before ghost_open() returns.  A
 * file made with O_TMPFILE is made so again, and can be linked.
 * Carried  regular files with their holes, directories, fifos; owner, mode, times.
 * Refused  extended attributes; a file that was deleted here and has other names.
 */
#ifndef CKRUN_FD_GHOST_H
#define CKRUN_FD_GHOST_H

#include <stdint.h>
#include <sys/stat.h>

#include "engine/image/schema/file.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;

/* ghost_dump() - file `id` of the model refers to the nameless inode behind fd. */
int ghost_dump(struct fd_dump *dump, int fd, uint32_t id, struct err *err);
int ghost_finish(struct fd_dump *dump, struct err *err);

/* ghost_open() - 1 and a descriptor if file `reg->id` is a ghost; 0 if it is not. */
int ghost_open(struct fd_make *make, const RegFileEntry *reg, uint32_t flags, int *ret_fd,
	       struct err *err);
void ghost_end(struct fd_make *make); /* closes what waits for ghost_open() */

#endif
