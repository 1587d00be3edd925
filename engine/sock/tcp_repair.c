/* tcp_repair.c - a connection read from a socket in repair mode, and made again in a new one
 *
 * Order holds because:  sequence numbers are taken only before connect(2); options only after it
 * and before anything is in the send queue; room for the queues is made after it, which offers
 * the room there is; the window is set once both queues are as they were.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/sock/inet.h"
#include "engine/sock/options.h"
#include "engine/sock/tcp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* of RFC 9293 and RFC 7323; as TCP_REPAIR_OPTIONS takes them */
enum { OPT_MSS = 2, OPT_WINDOW = 3, OPT_SACK = 4, OPT_TIMESTAMP = 8 };
enum { LOOKS = 100, MSS_MAX = 32767 };

static int set_int(int fd, const char *what, int name, int value, struct err *err)
{
	if (setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value)) < 0)
		return fail_errno(err, "%s", what);
	return 0;
}

static int get_int(int fd, const char *what, int name, uint32_t *ret, struct err *err)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, IPPROTO_TCP, name, ret, &len) < 0 ? fail_errno(err, "%s", what)
								: 0;
}

int tcp_repair_on(int fd, struct err *err)
{
	return set_int(fd, "enter TCP_REPAIR", TCP_REPAIR, TCP_REPAIR_ON, err);
}

int tcp_repair_off(int fd, enum tcp_probe probe, struct err *err)
{
	return set_int(fd, "leave TCP_REPAIR", TCP_REPAIR,
		       probe == TCP_PROBE ? TCP_REPAIR_OFF : TCP_REPAIR_OFF_NO_WP, err);
}

static int use_queue(int fd, int queue, struct err *err)
{
	return set_int(fd, "choose a queue", TCP_REPAIR_QUEUE, queue, err);
}

static int set_seq(int fd, int queue, uint32_t seq, struct err *err)
{
	int r = use_queue(fd, queue, err);

	return r < 0 ? r : set_int(fd, "set a sequence number", TCP_QUEUE_SEQ, (int)seq, err);
}

static int get_seq(int fd, int queue, uint32_t *ret, struct err *err)
{
	int r = use_queue(fd, queue, err);

	return r < 0 ? r : get_int(fd, "read a sequence number", TCP_QUEUE_SEQ, ret, err);
}

uint32_t tcp_first_unacked(const TcpStreamEntry *e, uint32_t state)
{
	return e->outq_seq - (tcp_sent_fin(state) ? 1 : 0) - e->outq_len;
}

uint32_t tcp_next_expected(const TcpStreamEntry *e, uint32_t state)
{
	return e->inq_seq - (tcp_got_fin(state) ? 1 : 0);
}

/* --- looking */

static int ask(int fd, const char *what, unsigned long request, uint32_t *ret, struct err *err)
{
	return ioctl(fd, request, ret) < 0 ? fail_errno(err, "%s", what) : 0;
}

/* What is in the chosen queue, at most room bytes. */
static int peek(struct arena *arena, int fd, uint32_t room, const void **ret, uint32_t *ret_len,
		struct err *err)
{
	char *data = arena_alloc(arena, room);

	if (!data)
		return fail(err, -ENOMEM, "no memory for %u bytes of a queue", room);
	ssize_t n = room ? recv(fd, data, room, MSG_PEEK | MSG_DONTWAIT) : 0;
	if (n < 0 && errno != EAGAIN)
		return fail_errno(err, "look at a queue");
	*ret = data;
	*ret_len = n > 0 ? (uint32_t)n : 0;
	return 0;
}

/* Data can arrive while we look, sent by a timer: then once more. */
static int look_received(struct arena *arena, int fd, struct tcp_stream *s, struct err *err)
{
	uint32_t before = 1, after = 0, room = 0;

	for (int i = 0; i < LOOKS && before != after; i++) {
		int r = get_seq(fd, TCP_RECV_QUEUE, &before, err);

		if (r == 0)
			r = ask(fd, "SIOCINQ", SIOCINQ, &room, err);
		if (r == 0)
			r = peek(arena, fd, room, &s->received, &s->entry.inq_len, err);
		if (r == 0)
			r = get_seq(fd, TCP_RECV_QUEUE, &after, err);
		if (r < 0)
			return r;
	}
	s->entry.inq_seq = after;
	return before == after ? 0 : fail(err, -EAGAIN, "data arrive without end");
}

/* What was acknowledged meanwhile is no longer there; a FIN counts, but is not in the queue. */
static int look_sent(struct arena *arena, int fd, uint32_t state, struct tcp_stream *s,
		     struct err *err)
{
	TcpStreamEntry *e = &s->entry;
	uint32_t fin = tcp_sent_fin(state), room = 0, unsent = 0;

	int r = get_seq(fd, TCP_SEND_QUEUE, &e->outq_seq, err);
	if (r == 0)
		r = ask(fd, "SIOCOUTQ", SIOCOUTQ, &room, err);
	if (r == 0)
		r = peek(arena, fd, room, &s->sent, &e->outq_len, err);
	if (r == 0)
		r = ask(fd, "SIOCOUTQNSD", SIOCOUTQNSD, &unsent, err);
	if (r < 0)
		return r;
	unsent -= fin && unsent ? 1 : 0;
	e->has_unsq_len = true;
	e->unsq_len = unsent < e->outq_len ? unsent : e->outq_len;
	return 0;
}

static int look_options(int fd, TcpStreamEntry *e, struct err *err)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return fail_errno(err, "TCP_INFO");
	e->opt_mask = info.tcpi_options;
	e->has_rcv_wscale = true;
	if (info.tcpi_options & TCPI_OPT_WSCALE) {
		e->snd_wscale = info.tcpi_snd_wscale;
		e->rcv_wscale = info.tcpi_rcv_wscale;
	}
	if (info.tcpi_options & TCPI_OPT_TIMESTAMPS) {
		int r = get_int(fd, "read the clock", TCP_TIMESTAMP, &e->timestamp, err);
		if (r < 0)
			return r;
		e->has_timestamp = true;
	}
	return get_int(fd, "read the segment size", TCP_MAXSEG, &e->mss_clamp, err);
}

static int look_window(int fd, TcpStreamEntry *e, struct err *err)
{
	struct tcp_repair_window w = {0};
	socklen_t len = sizeof(w);

	if (getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, &len) < 0)
		return fail_errno(err, "read the window");
	e->has_snd_wl1 = e->has_snd_wnd = e->has_max_window = true;
	e->has_rcv_wnd = e->has_rcv_wup = true;
	e->snd_wl1 = w.snd_wl1;
	e->snd_wnd = w.snd_wnd;
	e->max_window = w.max_window;
	e->rcv_wnd = w.rcv_wnd;
	e->rcv_wup = w.rcv_wup;
	return 0;
}

int tcp_look(struct arena *arena, int fd, uint32_t state, struct tcp_stream *ret,
	     struct err *err)
{
	tcp_stream_entry__init(&ret->entry);
	int r = look_received(arena, fd, ret, err);
	if (r == 0)
		r = look_sent(arena, fd, state, ret, err);
	if (r == 0)
		r = look_options(fd, &ret->entry, err);
	if (r == 0)
		r = look_window(fd, &ret->entry, err);
	return r < 0 ? r : use_queue(fd, TCP_NO_QUEUE, err);
}

/* --- making */

static int put(int fd, int queue, const char *data, uint32_t len, struct err *err)
{
	int r = len ? use_queue(fd, queue, err) : 0;

	for (uint32_t at = 0; r == 0 && at < len;) {
		ssize_t n = send(fd, data + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			return fail_errno(err, "fill the %s queue",
					  queue == TCP_RECV_QUEUE ? "receive" : "send");
		at += (uint32_t)n;
	}
	return r;
}

static int set_options(int fd, const TcpStreamEntry *e, struct err *err)
{
	struct tcp_repair_opt opt[4];
	size_t n = 0;

	opt[n++] = (struct tcp_repair_opt){OPT_MSS, e->mss_clamp};
	if (e->opt_mask & TCPI_OPT_WSCALE)
		opt[n++] = (struct tcp_repair_opt){OPT_WINDOW,
						   e->snd_wscale | e->rcv_wscale << 16};
	if (e->opt_mask & TCPI_OPT_SACK)
		opt[n++] = (struct tcp_repair_opt){OPT_SACK, 0};
	if (e->opt_mask & TCPI_OPT_TIMESTAMPS)
		opt[n++] = (struct tcp_repair_opt){OPT_TIMESTAMP, 0};
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, opt,
		       (socklen_t)(n * sizeof(*opt))) < 0)
		return fail_errno(err, "set what was agreed on at the connection's start");
	if (!e->has_timestamp)
		return 0;
	return set_int(fd, "set the clock", TCP_TIMESTAMP, (int)e->timestamp, err);
}

/* A window that was left behind by a FIN that is yet to come again. */
static int set_window(int fd, const TcpStreamEntry *e, uint32_t state, struct err *err)
{
	uint32_t next = tcp_next_expected(e, state);
	struct tcp_repair_window w = {
		.snd_wl1 = e->snd_wl1,
		.snd_wnd = e->snd_wnd,
		.max_window = e->max_window,
		.rcv_wnd = e->rcv_wnd,
		.rcv_wup = (int32_t)(e->rcv_wup - next) > 0 ? next : e->rcv_wup,
	};

	if (!e->has_snd_wnd || !e->has_rcv_wnd)
		return 0;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, sizeof(w)) < 0)
		return fail_errno(err, "set the window");
	return 0;
}

/* The segment size is worked out by connect(2), from what the program wishes at most: that is the
 * only way to tell it.  No program can wish for more than 32767. */
static int connect_with(int fd, const union inet_address *to, uint32_t mss, struct err *err)
{
	char text[INET_TEXT];

	int r = set_int(fd, "set TCP_MAXSEG", TCP_MAXSEG, mss < MSS_MAX ? (int)mss : MSS_MAX,
			err);
	if (r == 0 && connect(fd, &to->sa, inet_len(to)) < 0)
		r = fail_errno(err, "connect to %s", inet_text(to, text));
	return r < 0 ? r : set_int(fd, "set TCP_MAXSEG", TCP_MAXSEG, 0, err);
}

static int start(int fd, const InetSkEntry *e, const TcpStreamEntry *s, struct err *err)
{
	union inet_address to;

	if (!inet_destination(e, &to))
		return fail(err, -EPROTO, "the record has no peer");
	int r = set_seq(fd, TCP_SEND_QUEUE, tcp_first_unacked(s, e->state), err);
	if (r == 0)
		r = set_seq(fd, TCP_RECV_QUEUE, tcp_next_expected(s, e->state) - s->inq_len,
			    err);
	return r < 0 ? r : connect_with(fd, &to, s->mss_clamp, err);
}

int tcp_connect_again(int fd, const InetSkEntry *e, const struct tcp_stream *stream,
		      struct err *err)
{
	const TcpStreamEntry *s = &stream->entry;

	if (s->has_unsq_len && s->unsq_len > s->outq_len)
		return fail(err, -EPROTO, "%u of %u bytes were not sent", s->unsq_len,
			    s->outq_len);
	int r = tcp_repair_on(fd, err);
	if (r == 0)
		r = inet_bind(fd, e, err);
	if (r == 0)
		r = start(fd, e, s, err);
	if (r == 0)
		r = set_options(fd, s, err);
	if (r < 0)
		return r;
	options_make_room(fd);
	r = put(fd, TCP_RECV_QUEUE, stream->received, s->inq_len, err);
	if (r == 0)
		r = put(fd, TCP_SEND_QUEUE, stream->sent, s->outq_len - s->unsq_len, err);
	if (r == 0)
		r = options_restore_receive(fd, e->opts, err);
	if (r == 0)
		r = set_window(fd, s, e->state, err);
	return r < 0 ? r : use_queue(fd, TCP_NO_QUEUE, err);
}

int tcp_send_rest(int fd, const struct tcp_stream *stream, struct err *err)
{
	const TcpStreamEntry *s = &stream->entry;
	const char *rest = (const char *)stream->sent + (s->outq_len - s->unsq_len);

	for (uint32_t at = 0; at < s->unsq_len;) {
		ssize_t n = send(fd, rest + at, s->unsq_len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			return fail_errno(err, "send what was not sent yet");
		at += (uint32_t)n;
	}
	return 0;
}
