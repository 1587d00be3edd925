/* pipeset.h - the ends of a pipe or fifo in the set, and their common contents
 *
 * Kernel  poll(2): POLLHUP at an end that reads, no writer has it; POLLERR at an end that
 *         writes, no reader has it.  A fifo opened for reading before its first writer came
 *         does not hang up; there tee(2) tells: 0 without writers, else EAGAIN.
 * Outside  If both ends are in the set, the pipe is taken for one of its own.  The kernel does
 *         not tell how many others hold it.
 */
#ifndef CKRUN_FD_PIPESET_H
#define CKRUN_FD_PIPESET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/image/files.h"
#include "engine/image/schema/pipe.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

struct pipe_seen {
	struct pipe_seen *next;
	uint32_t id;           /* 1, 2, 3 ... in the order they are seen */
	enum image_file image; /* IMAGE_PIPES_DATA or IMAGE_FIFO_DATA */
	dev_t dev;
	ino_t ino;
	struct open_file *reader, *writer; /* one of each, perhaps the same, or NULL */
	bool peer_gone;                    /* only one of them, and no other process has one */
	bool looked;
	PipeDataEntry data;
	const void *bytes;
};

/* pipeset_see() - the pipe of this file; looked at once, contents are taken only by
 * pipeset_look(), and pipeset_finish() writes them. */
int pipeset_see(struct fd_dump *dump, const struct open_file *file, enum image_file image,
		struct pipe_seen **ret, struct err *err);
int pipeset_look(struct fd_dump *dump, struct pipe_seen *seen, uint32_t pipe_id,
		 struct err *err);
/* pipeset_check_read() - for a pipe that leads out: refuses bytes that came in and are not read,
 * as the pipe stays behind. */
int pipeset_check_read(const struct pipe_seen *seen, struct err *err);
int pipeset_finish(struct fd_dump *dump, enum image_file image, struct err *err);

struct pipe_made {
	struct pipe_made *next;
	PipeDataEntry *data;
	const void *bytes;
};

/* pipeset_find() - contents of a pipe in the image; *list is the room's own.
 * NULL: nothing is known of it, it was empty. */
int pipeset_find(struct fd_make *make, void **list, enum image_file image, uint32_t pipe_id,
		 const struct pipe_made **ret, struct err *err);

/* pipeset_reopen() - another description of the pipe behind fd. */
int pipeset_reopen(int fd, uint32_t flags, int *ret_fd, struct err *err);

static inline bool pipe_reads(uint32_t flags)
{
	return (flags & 3) != 1; /* O_ACCMODE, O_WRONLY */
}

static inline bool pipe_writes(uint32_t flags)
{
	return (flags & 3) != 0; /* O_RDONLY */
}

#endif
