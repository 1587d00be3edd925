/* tcp.c - TCP over IPv4 and IPv6: listening sockets, and connections inside the container
 *
 * Seen   TCP_INFO: the state; NETLINK_SOCK_DIAG: who is at the other end; repair mode: what is in
 *        the queues, sequence numbers, windows (tcp_repair.c)
 * Made   all of an image together: tcp_make.c
 * Still  Both ends are in repair mode before either is read.  Timers may send data meanwhile, so
 *        both are read until what one end expects is what the other still has.
 * Half   A side that has shut down gets its stream without the FIN and shuts down again.  An end
 *        whose program is gone is one for the moment, that is closed again.
 * Lost   round-trip times and congestion windows, a mark of urgent data among others
 *        (SO_OOBINLINE), TIME_WAIT of connections that nobody has any more.
 * Refused  a connection to the outside; one that begins (SYN_SENT); one that waits for accept(2)
 *        and has sent already; one that broke and was not closed; urgent data; TLS in the kernel.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/image/record.h"
#include "engine/sock/inet.h"
#include "engine/sock/options.h"
#include "engine/sock/sock.h"
#include "engine/sock/tcp.h"
#include "engine/sock/tcp_peer.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { LOOKS = 50, PAUSE_US = 2000, CONNECTION_TEXT = 2 * INET_TEXT + 8 };

static bool tcp_match(const struct open_file *file)
{
	return (sock_is(file, AF_INET, SOCK_STREAM, IPPROTO_TCP) ||
		sock_is(file, AF_INET6, SOCK_STREAM, IPPROTO_TCP));
}

static bool tcp_made_by(const FileEntry *entry)
{
	return entry->isk && entry->isk->type == SOCK_STREAM &&
	       entry->isk->proto == IPPROTO_TCP;
}

static const char *connection_text(const InetSkEntry *e, char buf[CONNECTION_TEXT])
{
	char from[INET_TEXT] = "?", to[INET_TEXT] = "?";
	union inet_address a;

	if (inet_source(e, &a))
		inet_text(&a, from);
	if (inet_destination(e, &a))
		inet_text(&a, to);
	snprintf(buf, CONNECTION_TEXT, "%s -> %s", from, to);
	return buf;
}

/* --- before anything is described */

static int describe(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	int r = inet_dump(dump, file, err);
	if (r < 0)
		return r;
	InetSkEntry *e = file->entry->isk;
	if (getsockopt(file->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return fail_errno(err, "TCP_INFO");
	e->state = info.tcpi_state;
	if (e->state == NETDIAG_LISTEN)
		e->backlog = info.tcpi_sacked;
	e->tcp_opts = arena_new_struct(dump->model->arena, TcpOptsEntry);
	if (!e->tcp_opts)
		return fail(err, -ENOMEM, "no memory for options");
	tcp_opts_entry__init(e->tcp_opts);
	return options_dump_tcp(file->fd, e->tcp_opts, err);
}

static int check_stream(const struct open_file *file, const InetSkEntry *e, struct err *err)
{
	char ulp[16] = "", text[CONNECTION_TEXT], byte;
	socklen_t len = sizeof(ulp) - 1;

	if (getsockopt(file->fd, IPPROTO_TCP, TCP_ULP, ulp, &len) == 0 && len && *ulp)
		return refuse(
			err, "TCP %s: the kernel does %s on it; close it before the checkpoint",
			connection_text(e, text), ulp);
	if (recv(file->fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) >= 0 || errno == EAGAIN)
		return refuse(err, "TCP %s: urgent data wait to be read; read them first",
			      connection_text(e, text));
	return 0;
}

/* What is refused is refused by dump(), where other refusals are gathered. */
static int tcp_prepare(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct tcp_peer peer = {0};
	int r = describe(dump, file, err);

	if (r == 0 && tcp_is_connected(file->entry->isk->state)) {
		r = check_stream(file, file->entry->isk, err);
		if (r == 0)
			r = tcp_find_peer(dump, file->entry->isk, &peer, err);
		if (r == 0 && (peer.place == TCP_INSIDE || peer.place == TCP_GONE))
			r = tcp_repair_on(file->fd, err);
	}
	if (r != REFUSED)
		return r;
	*err = (struct err){0};
	file->entry->isk = NULL;
	return 0;
}

static void tcp_unprepare(struct open_file *file, bool tasks_die)
{
	const InetSkEntry *e = file->entry ? file->entry->isk : NULL;
	struct err ignored = {0};
	int on = 0;
	socklen_t len = sizeof(on);

	/* A socket that is closed in repair mode says nothing to the other end. */
	if (tasks_die || !e || getsockopt(file->fd, IPPROTO_TCP, TCP_REPAIR, &on, &len) < 0 ||
	    !on)
		return;
	(void)tcp_repair_off(file->fd, TCP_QUIETLY, &ignored);
	on = e->opts->reuseaddr;
	(void)setsockopt(file->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

/* --- describing */

static struct tcp_seen *find_seen(const struct sock_seen *seen, uint32_t ino)
{
	struct tcp_seen *s = seen->tcp;

	while (s && s->ino != ino)
		s = s->next;
	return s;
}

static int add_seen(struct fd_dump *dump, const InetSkEntry *e, const struct tcp_stream *stream,
		    struct err *err)
{
	struct sock_seen *seen = dump->socks;
	struct tcp_seen *s = arena_new_struct(dump->model->arena, struct tcp_seen);

	if (!s)
		return fail(err, -ENOMEM, "no memory for a stream");
	*s = (struct tcp_seen){.next = seen->tcp, .ino = e->ino, .stream = *stream};
	seen->tcp = s;
	return 0;
}

/* What b expects next is among what a still has, or just behind.  If so, that is where a goes on: what
 * was on its way and is not there is sent again at once, not after a timer; and b acknowledges
 * nothing that a does not know to have sent. */
static bool fit(const InetSkEntry *a, struct tcp_stream *sa, const InetSkEntry *b,
		const struct tcp_stream *sb)
{
	uint32_t arrived = tcp_next_expected(&sb->entry, b->state) -
			   tcp_first_unacked(&sa->entry, a->state);

	if (arrived > sa->entry.outq_len)
		return false;
	sa->entry.unsq_len = sa->entry.outq_len - arrived;
	return true;
}

static int look_at_both(struct fd_dump *dump, const struct open_file *file,
			const struct open_file *other, struct err *err)
{
	const InetSkEntry *a = file->entry->isk, *b = other->entry ? other->entry->isk : NULL;
	struct tcp_stream sa, sb;
	char text[CONNECTION_TEXT];
	int r = b ? 0
		  : refuse(err, "TCP %s: its other end is refused", connection_text(a, text));

	for (int i = 0; r == 0 && i < LOOKS; i++) {
		r = tcp_look(dump->model->arena, file->fd, a->state, &sa, err);
		if (r == 0)
			r = tcp_look(dump->model->arena, other->fd, b->state, &sb, err);
		if (r == 0 && fit(a, &sa, b, &sb) && fit(b, &sb, a, &sa)) {
			r = add_seen(dump, a, &sa, err);
			return r < 0 ? r : add_seen(dump, b, &sb, err);
		}
		usleep(PAUSE_US);
	}
	return r < 0 ? r
		     : refuse(err, "TCP %s: data are on their way; try again",
			      connection_text(a, text));
}

static int look_at_one(struct fd_dump *dump, struct open_file *file,
		       const struct netdiag_inet *orphan, struct err *err)
{
	InetSkEntry *e = file->entry->isk;
	struct tcp_stream stream;
	char text[CONNECTION_TEXT];

	if (e->state != NETDIAG_CLOSE_WAIT || (orphan && orphan->wqueue > 1))
		return refuse(
			err,
			"TCP %s: the last data of its other end are on their way; try again",
			connection_text(e, text));
	e->has_peer_gone = e->peer_gone = true;
	int r = tcp_look(dump->model->arena, file->fd, e->state, &stream, err);
	return r < 0 ? r : add_seen(dump, e, &stream, err);
}

static int look_at_waiting(struct open_file *file, const struct netdiag_inet *peer,
			   struct err *err)
{
	InetSkEntry *e = file->entry->isk;
	char text[CONNECTION_TEXT];
	int sent = 0;

	if (ioctl(file->fd, SIOCOUTQ, &sent) < 0)
		return fail_errno(err, "SIOCOUTQ");
	if (e->state != NETDIAG_ESTABLISHED || peer->rqueue || sent)
		return refuse(err, "TCP %s: has sent data and is not accepted yet; try again",
			      connection_text(e, text));
	e->has_waiting = e->waiting = true;
	return 0;
}

static int look_at_connection(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	const InetSkEntry *e = file->entry->isk;
	struct tcp_peer peer = {0};
	char text[CONNECTION_TEXT];

	int r = tcp_find_peer(dump, e, &peer, err);
	if (r < 0 || find_seen(dump->socks, e->ino))
		return r;
	switch (peer.place) {
	case TCP_INSIDE:
		return look_at_both(dump, file, peer.file, err);
	case TCP_GONE:
		return look_at_one(dump, file, peer.seen, err);
	case TCP_WAITING:
		return look_at_waiting(file, peer.seen, err);
	case TCP_OUTSIDE:
		break;
	}
	return refuse(err, "TCP %s leads out of the container; close it before the checkpoint",
		      connection_text(e, text));
}

/* Not connected: never was, or no more. */
static int look_at_closed(const struct open_file *file, struct err *err)
{
	struct pollfd p = {.fd = file->fd, .events = POLLRDHUP};

	if (poll(&p, 1, 0) < 0)
		return fail_errno(err, "poll");
	if (p.revents & (POLLERR | POLLRDHUP))
		return refuse(
			err,
			"%s: TCP connection was broken off, which the program has to notice; "
			"close it",
			file->link);
	return 0;
}

static int note_shutdown(struct fd_dump *dump, InetSkEntry *e, struct err *err)
{
	const struct netdiag_inet_list *list = NULL;

	int r = sock_seen_inet(dump, (int)e->family, IPPROTO_TCP, &list, err);
	const struct netdiag_inet *s = r < 0 ? NULL : netdiag_inet_find(list, e->ino);
	if (s && s->shutdown) {
		e->has_shutdown = true;
		e->shutdown = (SkShutdown)s->shutdown;
	}
	return r;
}

static int tcp_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	char text[CONNECTION_TEXT];
	int r = file->entry->isk ? 0 : describe(dump, file, err);

	if (r < 0)
		return r;
	InetSkEntry *e = file->entry->isk;
	r = note_shutdown(dump, e, err);
	if (r < 0)
		return r;
	if (tcp_is_connected(e->state)) {
		r = check_stream(file, e, err);
		return r < 0 ? r : look_at_connection(dump, file, err);
	}
	if (e->state == NETDIAG_LISTEN)
		return tcp_check_backlog(dump, e, err);
	if (e->state == NETDIAG_CLOSE)
		return look_at_closed(file, err);
	return refuse(err, "TCP %s is being connected; try again when it is",
		      connection_text(e, text));
}

static int put_stream(struct image_writer *w, const struct tcp_seen *s, struct err *err)
{
	int r = record_put(w, &s->stream.entry.base, err);

	if (r == 0 && s->stream.entry.inq_len)
		r = record_put_raw(w, s->stream.received, s->stream.entry.inq_len, err);
	if (r == 0 && s->stream.entry.outq_len)
		r = record_put_raw(w, s->stream.sent, s->stream.entry.outq_len, err);
	return r;
}

static int tcp_finish(struct fd_dump *dump, struct err *err)
{
	const struct sock_seen *seen = dump->socks;

	for (const struct tcp_seen *s = seen ? seen->tcp : NULL; s; s = s->next) {
		scoped(image_writer_drop) struct image_writer *w = NULL;

		int r = image_writer_open(dump->image, IMAGE_TCP_STREAM, s->ino, &w, err);
		if (r == 0)
			r = put_stream(w, s, err);
		if (r == 0)
			r = image_writer_close(&w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- making */

static int tcp_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
		       struct err *err)
{
	int r = tcp_make(make, err);

	if (r == 0 && file->fd < 0)
		r = fail(err, -EPROTO, "the record has no state");
	if (r == 0)
		*ret_fd = file->fd;
	return r;
}

static int tcp_settle(struct fd_make *make, struct open_file *file, struct err *err)
{
	(void)file;
	return tcp_wake(make, err);
}

const struct fd_kind fd_tcp = {
	.name = "TCP socket",
	.type = FD_TYPES__INETSK,
	.match = tcp_match,
	.made_by = tcp_made_by,
	.prepare = tcp_prepare,
	.unprepare = tcp_unprepare,
	.dump = tcp_dump,
	.finish = tcp_finish,
	.restore = tcp_restore,
	.settle = tcp_settle,
};
