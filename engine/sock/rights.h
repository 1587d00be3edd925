/* rights.h - descriptors in flight: files that are in a message of a queue (SCM_RIGHTS)
 *
 * Kernel  unix(7).  A look at a message (MSG_PEEK) gives duplicates, which are ours to close.  Of a
 *         stream, one recv(2) ends with the bytes that such descriptors came with, but may
 *         begin before them.
 * Image   a file that only a message has is a file like others; no task has a number for it.
 */
#ifndef CKRUN_SOCK_RIGHTS_H
#define CKRUN_SOCK_RIGHTS_H

#include <stddef.h>

#include "engine/image/schema/sock.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

enum { RIGHTS_MAX = 253 }; /* descriptors of one message */

struct rights {
	int fd[RIGHTS_MAX];
	size_t n;
};

void rights_close(struct rights *rights); /* for scoped() */

/* rights_dump() - they are named in the packet by their ids.  Files that are in no table are
 * added to the model, and have `socket` and its holder for messages. */
int rights_dump(struct fd_dump *dump, const struct open_file *socket, struct rights *rights,
		SkPacketEntry *packet, struct err *err);
/* rights_make() - borrowed descriptors of the files that the packet names. */
int rights_make(struct fd_make *make, const SkPacketEntry *packet, struct rights *ret,
		struct err *err);

#endif
