/* pipebuf.h - what is in a pipe: seen without taking it out, and put into another one
 *
 * Kernel  pipe(7), tee(2)                                                    since
 *           tee(2): another pipe gets references to the same buffers         Linux 2.6.17
 *           F_GETPIPE_SZ, F_SETPIPE_SZ; one buffer a page                    Linux 2.6.35
 *           packet mode: a write(2) of at most PIPE_BUF bytes is a buffer
 *           of its own, and a read(2) ends with it                           Linux 3.4
 *         fs/pipe.c: a copied buffer keeps its packet mark, and nothing is merged into it.
 */
#ifndef CKRUN_FD_PIPEBUF_H
#define CKRUN_FD_PIPEBUF_H

#include <stdint.h>

#include "engine/image/schema/pipe.pb-c.h"

struct arena;
struct err;

/* pipebuf_peek() - bytes, size and packets of the entry; *ret_data lies in the arena.  fd can
 * read, nobody else reads or writes meanwhile.
 * Refuses a pipe that is larger than we may make one (/proc/sys/fs/pipe-max-size). */
int pipebuf_peek(struct arena *arena, int fd, PipeDataEntry *ret, const void **ret_data,
		 struct err *err);

/* pipebuf_fill() - into an empty pipe, which gets its size first; fd can write. */
int pipebuf_fill(int fd, const PipeDataEntry *entry, const void *data, struct err *err);

#endif
