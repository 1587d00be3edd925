/* netdiag.h - the sockets of the calling thread's network namespace, by NETLINK_SOCK_DIAG
 *
 * Kernel  sock_diag(7); modules unix_diag, tcp_diag, udp_diag                since
 *           AF_UNIX: name, vfs, peer, icons, rqlen, shutdown                 Linux 3.3
 *           TCP, UDP, IPv4 and IPv6, all states                              Linux 3.3
 *           INET_DIAG_SHUTDOWN, _SKV6ONLY                                    Linux 3.7, 4.2
 *           AF_UNIX: uid                                                     Linux 5.3
 *         libnl-3 speaks the protocol.  A socket is found by the inode of its descriptor.
 *         Sockets of other network namespaces are not listed, whoever holds a descriptor of them.
 * Missing  -ENOENT: the kernel has no such diagnosis (module not loaded and not loadable).
 * Queues   bytes.  Of a listening socket rqueue counts the connections that wait for accept(2)
 *          and wqueue is the backlog.  Of AF_UNIX only the first packet of a datagram queue counts
 *          in rqueue: it is a hint of emptiness.
 */
#ifndef CKRUN_KERNEL_NETDIAG_H
#define CKRUN_KERNEL_NETDIAG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

/* as of TCP, for AF_UNIX too */
enum netdiag_state {
	NETDIAG_ESTABLISHED = 1,
	NETDIAG_SYN_SENT,
	NETDIAG_SYN_RECV,
	NETDIAG_FIN_WAIT1,
	NETDIAG_FIN_WAIT2,
	NETDIAG_TIME_WAIT,
	NETDIAG_CLOSE, /* also: neither connected nor listening */
	NETDIAG_CLOSE_WAIT,
	NETDIAG_LAST_ACK,
	NETDIAG_LISTEN,
	NETDIAG_CLOSING,
};

enum netdiag_shutdown { NETDIAG_NO_READ = 1, NETDIAG_NO_WRITE = 2 };

struct netdiag_unix {
	uint32_t ino;
	uint64_t cookie; /* SO_COOKIE */
	uint8_t type;    /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	uint8_t state;
	uint8_t shutdown;
	bool named, has_vfs;
	const char
		*name; /* as sun_path, with its last NUL of a path; abstract: starts with NUL */
	uint32_t name_len;
	uint32_t vfs_ino; /* of the file that bind(2) made; the low 32 bits */
	dev_t vfs_dev;
	uint32_t peer; /* inode; 0: none */
	uint32_t icons_n;
	const uint32_t *icons; /* inodes of the peers of connections that wait for accept(2) */
	uint32_t rqueue, wqueue;
	uint32_t uid;
};

struct netdiag_unix_list {
	size_t n;
	struct netdiag_unix *sock;
};

struct netdiag_inet {
	uint32_t ino; /* 0: no process holds it (time-wait, not yet accepted) */
	uint64_t cookie;
	uint8_t family, protocol, state, shutdown;
	bool v6only;                 /* IPV6_V6ONLY, or bound to one IPv6 address */
	uint16_t src_port, dst_port; /* host order */
	struct in6_addr src, dst;    /* of AF_INET in the first four bytes */
	uint32_t ifindex;            /* SO_BINDTODEVICE */
	uint32_t rqueue, wqueue;
	uint32_t uid;
};

struct netdiag_inet_list {
	size_t n;
	struct netdiag_inet *sock;
};

int netdiag_unix(struct arena *arena, struct netdiag_unix_list *ret, struct err *err);

/* netdiag_inet() - AF_INET or AF_INET6; IPPROTO_TCP, IPPROTO_UDP (IPPROTO_UDPLITE, IPPROTO_RAW). */
int netdiag_inet(int family, int protocol, struct arena *arena, struct netdiag_inet_list *ret,
		 struct err *err);

const struct netdiag_unix *netdiag_unix_find(const struct netdiag_unix_list *list,
					     uint32_t ino);
const struct netdiag_inet *netdiag_inet_find(const struct netdiag_inet_list *list,
					     uint32_t ino);

#endif
