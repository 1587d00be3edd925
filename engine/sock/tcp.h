/* tcp.h - the rooms of TCP: looking, repair mode, making
 *
 * Kernel  tcp(7), net/ipv4/tcp.c                                             since
 *           TCP_REPAIR: nothing is sent at connect(2) and close(2)           Linux 3.5
 *           TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_OPTIONS              Linux 3.5
 *           TCP_TIMESTAMP                                                    Linux 3.9
 *           TCP_REPAIR_WINDOW                                                Linux 4.8
 *           TCP_REPAIR_OFF_NO_WP: no window probe                            Linux 4.18
 *         Needs CAP_NET_ADMIN.  A listening socket has no repair mode.  Entering it sets
 *         SO_REUSEADDR to "force", leaving it clears it.  Packets that arrive are taken as ever.
 *         A FIN counts as one byte of the sequence.
 */
#ifndef CKRUN_SOCK_TCP_H
#define CKRUN_SOCK_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/image/schema/inet.pb-c.h"
#include "engine/kernel/netdiag.h"

struct arena;
struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* tcp_sent_fin(), tcp_got_fin() - has one end, or the other, said that it sends no more? */
static inline bool tcp_sent_fin(uint32_t state)
{
	return state == NETDIAG_FIN_WAIT1 || state == NETDIAG_FIN_WAIT2 ||
	       state == NETDIAG_LAST_ACK || state == NETDIAG_CLOSING;
}

static inline bool tcp_got_fin(uint32_t state)
{
	return state == NETDIAG_CLOSE_WAIT || state == NETDIAG_LAST_ACK ||
	       state == NETDIAG_CLOSING;
}

/* tcp_is_connected() - in any state between ESTABLISHED and CLOSE. */
static inline bool tcp_is_connected(uint32_t state)
{
	return state == NETDIAG_ESTABLISHED || tcp_sent_fin(state) || tcp_got_fin(state);
}

/* --- tcp_repair.c */

/* The stream of a connection as one end has it. */
struct tcp_stream {
	TcpStreamEntry entry;
	const void *received; /* inq_len bytes that the program has not read */
	const void *sent; /* outq_len bytes that the other end has not acknowledged; the last
				 unsq_len of them were not sent */
};

int tcp_repair_on(int fd, struct err *err);
/* tcp_repair_off() - quietly: without a probe of the other end's window. */
enum tcp_probe { TCP_PROBE, TCP_QUIETLY };
int tcp_repair_off(int fd, enum tcp_probe probe, struct err *err);

/* tcp_look() - of a socket in repair mode; all of it in the arena. */
int tcp_look(struct arena *arena, int fd, uint32_t state, struct tcp_stream *ret,
	     struct err *err);
/* tcp_first_unacked(), tcp_next_expected() - positions in the sequence, without FIN. */
uint32_t tcp_first_unacked(const TcpStreamEntry *entry, uint32_t state);
uint32_t tcp_next_expected(const TcpStreamEntry *entry, uint32_t state);

/* tcp_connect_again() - a new socket in repair mode becomes this connection, up to what was
 * sent; what was not is sent by tcp_send_rest() after repair mode. */
int tcp_connect_again(int fd, const InetSkEntry *entry, const struct tcp_stream *stream,
		      struct err *err);
int tcp_send_rest(int fd, const struct tcp_stream *stream, struct err *err);

/* --- tcp_make.c */

/* tcp_make() - all TCP sockets of the image; connections stay in repair mode. */
int tcp_make(struct fd_make *make, struct err *err);
/* tcp_wake() - the connections go on. */
int tcp_wake(struct fd_make *make, struct err *err);

#endif
