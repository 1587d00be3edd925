/* tcp_peer.h - where the other end of a TCP connection is */
#ifndef CKRUN_SOCK_TCP_PEER_H
#define CKRUN_SOCK_TCP_PEER_H

#include <stdbool.h>

#include "engine/image/schema/inet.pb-c.h"

struct err;
struct fd_dump;
struct netdiag_inet;
struct open_file;

enum tcp_place {
	TCP_INSIDE,  /* a task of the set has it */
	TCP_WAITING, /* it waits for accept(2) */
	TCP_GONE,    /* its program closed it: the kernel finishes, or has finished */
	TCP_OUTSIDE,
};

struct tcp_peer {
	enum tcp_place place;
	struct open_file *file;          /* TCP_INSIDE */
	const struct netdiag_inet *seen; /* NULL: not in this network namespace */
};

int tcp_find_peer(struct fd_dump *dump, const InetSkEntry *entry, struct tcp_peer *ret,
		  struct err *err);

/* tcp_check_backlog() - every connection that waits at this listening socket comes from a
 * task of the set, or it is refused. */
int tcp_check_backlog(struct fd_dump *dump, const InetSkEntry *entry, struct err *err);

#endif
