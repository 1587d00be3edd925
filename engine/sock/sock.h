/* sock.h - what the rooms of this folder share: whose socket it is, who is at its other end
 *
 * Kernel  sockfs: the link "socket:[inode]"; SO_DOMAIN, SO_PROTOCOL           Linux 2.6.32
 *         NETLINK_SOCK_DIAG: engine/kernel/netdiag.h
 * The lists are asked for once and after every task stands still.
 */
#ifndef CKRUN_SOCK_SOCK_H
#define CKRUN_SOCK_SOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/fd/kind.h"
#include "engine/kernel/netdiag.h"
#include "engine/sock/tcp.h"

struct err;
struct packet;
struct tcp_set;

struct tcp_seen { /* the stream of a connection */
	struct tcp_seen *next;
	uint32_t ino;
	struct tcp_stream stream;
};

struct sock_looked { /* whose queue was looked at */
	struct sock_looked *next;
	const struct open_file *file;
};

/* What the rooms learned during this dump (fd_dump.socks). */
struct sock_seen {
	bool has_unix, has_inet[4];
	struct netdiag_unix_list unixes;
	struct netdiag_inet_list inet[4]; /* TCP and UDP, over IPv4 and over IPv6 */
	struct packet *packet, **next_packet;
	struct tcp_seen *tcp;
	struct sock_looked *looked;
};

/* sock_is() - a socket of this domain; type and protocol -1: any. */
bool sock_is(const struct open_file *file, int domain, int type, int protocol);

/* What the rooms made of this image (fd_make.socks). */
struct sock_made {
	bool has_packets, has_unixes;
	struct packet *packet;
	struct tcp_set *tcp;
};

int sock_made(struct fd_make *make, struct sock_made **ret, struct err *err);

int sock_seen(struct fd_dump *dump, struct sock_seen **ret, struct err *err);
int sock_seen_unix(struct fd_dump *dump, const struct netdiag_unix_list **ret, struct err *err);
int sock_seen_inet(struct fd_dump *dump, int family, int protocol,
		   const struct netdiag_inet_list **ret, struct err *err);

/* sock_file() - the file of the set with this inode of sockfs, or NULL. */
struct open_file *sock_file(const struct model *model, uint32_t ino);

/* sock_has_error() - an error or a message of an error queue waits; asking takes nothing. */
bool sock_has_error(int fd);

/* sock_ns_id() - the network namespace of the file's holder, as ids-PID.img numbers it. */
bool sock_ns_id(const struct open_file *file, uint32_t *ret);

#endif
