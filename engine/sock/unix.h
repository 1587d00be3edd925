/* unix.h - the rooms of unix(7): names, looking, making, queues
 *
 * Kernel  unix(7)                                                            since
 *           UNIX_DIAG_*: engine/kernel/netdiag.h
 *           SIOCUNIXFILE: the file that bind(2) made                         Linux 4.11
 *         An accepted socket has the name of the one that listens.  An end whose other end was
 *         closed stays connected: its peer has inode 0, and both directions are shut down.
 *         A connection that waits for accept(2) has inode 0 as well; the listening socket tells
 *         whose it is.
 */
#ifndef CKRUN_SOCK_UNIX_H
#define CKRUN_SOCK_UNIX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "engine/fd/kind.h"
#include "engine/image/schema/unix.pb-c.h"
#include "engine/sock/unix_creds.h"

struct err;
struct netdiag_unix;

enum { UNIX_EXTERN = 1 }; /* uflags: leads out of the container */

/* --- unix_name.c */

/* unix_name_dump() - name, and of a path: the directory it was said in, its file's owner and
 * mode, whether the file was renamed or removed since. */
int unix_name_dump(struct fd_dump *dump, const struct open_file *file,
		   const struct netdiag_unix *seen, UnixSkEntry *entry, struct err *err);

/* unix_name_text() - for messages: the path, or "@name"; in the arena of the model. */
const char *unix_name_text(const void *name, size_t len, char *buf, size_t size);

/* unix_bind() - the socket gets its name, and its file is where it was. */
int unix_bind(const struct fd_make *make, int fd, const UnixSkEntry *entry, struct err *err);
/* unix_bind_nowhere() - it gets the name without a file that others see; an abstract name must
 * be free. */
int unix_bind_nowhere(int fd, const void *name, size_t len, struct err *err);
/* unix_reach() - an address for a socket that we hold and that has a name, even if its file was
 * renamed or removed.  It is good as long as *ret_file is open. */
int unix_reach(int to, struct sockaddr_un *ret, socklen_t *ret_len, int *ret_file,
	       struct err *err);
/* unix_connect_inside() - to whatever has this name in the container. */
int unix_connect_inside(const struct fd_make *make, int fd, const void *name, size_t len,
			struct err *err);

/* --- unix_make.c */

struct unix_sk { /* one socket of the image */
	struct open_file *file;
	const UnixSkEntry *entry;
	struct unix_sk *peer;    /* the one it is connected to, if that is in the image */
	struct unix_sk *partner; /* the other end of the socketpair(2) that it was made by */
	bool connected;          /* as it shall be */
	bool waiting;            /* its connection waits for accept(2) */
	bool stdio;              /* something of the new container's stands for it */
};

struct unix_set {
	struct unix_sk *sk;
	size_t n;
};

bool unix_is_connection(const struct unix_sk *u);

static inline bool unix_is_datagram(const struct unix_sk *u)
{
	return u->entry->type == SOCK_DGRAM;
}

static inline bool unix_is_made(const struct unix_sk *u)
{
	return u->file->fd >= 0;
}

static inline bool unix_is_named(const struct unix_sk *u)
{
	return u->entry->name.len > 0;
}

/* unix_find() - by inode; NULL: none, or 0. */
struct unix_sk *unix_find(const struct unix_set *set, uint32_t ino);
/* unix_new() - a socket without name or connection, with room for any queue. */
int unix_new(struct unix_sk *u, struct err *err);

/* unix_make() - all unix sockets of the image: they can only be made together. */
int unix_make(struct fd_make *make, struct err *err);

/* --- unix_connection.c: streams that accept(2) made */

int unix_make_connection(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
			 struct err *err);
/* unix_make_waiting() - those that wait for accept(2) at u. */
int unix_make_waiting(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		      struct err *err);

/* --- unix_queue.c: what waits in them */

/* unix_fill_stream() - what `id` has to read, through its other end. */
int unix_fill_stream(struct fd_make *make, uint32_t id, int other_end, struct err *err);
/* unix_fill_unnamed() - packets without a sender's name, through the other end of a pair. */
int unix_fill_unnamed(struct fd_make *make, const struct unix_sk *to, int other_end,
		      struct err *err);
/* unix_fill_named() - the packets that are left, to a socket that has a name or by the other
 * end (-1: none). */
int unix_fill_named(struct fd_make *make, const struct unix_set *set, const struct unix_sk *to,
		    int other_end, struct err *err);

#endif
