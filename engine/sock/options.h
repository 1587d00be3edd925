/* options.h - what setsockopt(2) has set on a socket, from tables
 *
 * Kernel  socket(7), ip(7), ipv6(7), tcp(7), udp(7)                          since
 *           SO_RCVBUF, SO_SNDBUF: read as twice what was set
 *           SO_RCVBUFFORCE, SO_SNDBUFFORCE: beyond the limit of sysctl       Linux 2.6.14
 *           SO_GET_FILTER: a classic BPF filter; length in instructions      Linux 3.8
 *           SO_PEEK_OFF                                                      Linux 3.4
 *           SO_BUF_LOCK: was a size set, or left to the kernel?              Linux 5.14
 *         fchown(2) of a socket changes whom the kernel takes for its owner.
 * Image   what the common format has a field for goes there; of the rest only what differs
 *         from a new socket, as level, name and bytes.
 * Refuses an eBPF filter: the kernel does not give it back.
 */
#ifndef CKRUN_SOCK_OPTIONS_H
#define CKRUN_SOCK_OPTIONS_H

#include "engine/image/schema/inet.pb-c.h"
#include "engine/image/schema/sock.pb-c.h"

struct arena;
struct err;
struct open_file;

/* options_dump() - of any socket; in the arena. */
int options_dump(struct arena *arena, const struct open_file *file, SkOptsEntry **ret,
		 struct err *err);
/* options_dump_ip(), options_dump_tcp() - those that the common format keeps apart. */
int options_dump_ip(int fd, IpOptsEntry *ret, struct err *err);
int options_dump_tcp(int fd, TcpOptsEntry *ret, struct err *err);

/* options_before_bind() - what bind(2) depends on: ports shared, addresses of nobody. */
int options_before_bind(int fd, const SkOptsEntry *opts, const IpOptsEntry *ip,
			struct err *err);
/* options_make_room() - for any queue, until options_restore() sets the sizes.  Without the right
 * to, a queue that does not fit will say so. */
void options_make_room(int fd);
/* options_restore_receive() - the size of the receive buffer alone: before anybody is told of the
 * room that there is (TCP). */
int options_restore_receive(int fd, const SkOptsEntry *opts, struct err *err);
/* options_restore() - everything, once queues are filled and connections made.  What is so
 * already is not set again: setting has effects of its own. */
int options_restore(int fd, const SkOptsEntry *opts, struct err *err);
int options_restore_ip(int fd, const IpOptsEntry *opts, struct err *err);
int options_restore_tcp(int fd, const TcpOptsEntry *opts, struct err *err);

#endif
