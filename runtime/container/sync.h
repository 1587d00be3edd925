/* sync.h - what the caller of spawn() and its child tell each other while the child is made
 *
 * A pair of SOCK_SEQPACKET sockets, O_CLOEXEC; a message arrives whole or not at all.
 *
 *	parent -> child   GO        its id maps and its score are written
 *	                  FILTER    the seccomp program (it is compiled while the child mounts)
 *	                  HOOKED    the hooks it asked for have run
 *	child -> parent   HOOKS     run prestart and createRuntime hooks
 *	                  WARN      something was given up without failing
 *	                  FAILED    why; the child is about to exit
 *	                  READY     created: waits on the FIFO; restore: sits in pause(2)
 *	                  EXECUTING the next thing is execve(2), which closes the socket
 */
#ifndef CKRUN_CONTAINER_SYNC_H
#define CKRUN_CONTAINER_SYNC_H

#include <stddef.h>

#include "runtime/base/err.h"

enum sync_kind {
	SYNC_GO = 1,
	SYNC_FILTER,
	SYNC_HOOKED,
	SYNC_HOOKS,
	SYNC_WARN,
	SYNC_FAILED,
	SYNC_READY,
	SYNC_EXECUTING,
};

struct sync_message {
	enum sync_kind kind;
	struct err err; /* WARN, FAILED */
};

int sync_pair(int ret[2], struct err *err);

/* sync_send() - a peer that is gone is no failure: what it had to say can still be read. */
int sync_send(int sock, const struct sync_message *message, struct err *err);
int sync_say(int sock, enum sync_kind kind, struct err *err);
int sync_send_filter(int sock, const void *program, size_t size, struct err *err);

/* sync_receive() - 1: a message, 0: the peer is gone.  A FILTER is left in *ret_filter (the
 * caller's to free); NULL where none can come. */
int sync_receive(int sock, struct sync_message *ret, void **ret_filter, size_t *ret_size,
		 struct err *err);

#endif
