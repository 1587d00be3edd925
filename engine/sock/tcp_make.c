/* tcp_make.c - the TCP sockets of an image, made together
 *
 * Order holds because:  a socket that listens must not meet another one of its port that may not
 * be shared, so those come first; connections are bound by force (repair mode); what waits for
 * accept(2) is connected as it once was, to a socket that listens by now.
 * Later, when every task has its descriptors, all leave repair mode; then what was not sent is
 * sent, and who had shut down does so again.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/image/record.h"
#include "engine/sock/inet.h"
#include "engine/sock/options.h"
#include "engine/sock/sock.h"
#include "engine/sock/tcp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { CONNECT_MS = 2000 };

struct tcp_sk { /* one socket of the image */
	struct open_file *file;
	const InetSkEntry *entry;
	struct tcp_stream stream;
	int gone; /* the other end, for the moment; or -1 */
};

struct tcp_set {
	struct tcp_sk *sk;
	size_t n;
	bool awake;
};

static bool is_stream(const struct tcp_sk *t)
{
	return tcp_is_connected(t->entry->state) && !t->entry->waiting;
}

/* --- making */

static int make_bound(struct tcp_sk *t, struct err *err)
{
	int r = inet_new(t->entry, &t->file->fd, err);

	if (r == 0)
		r = tcp_repair_on(t->file->fd, err);
	if (r == 0)
		r = inet_bind(t->file->fd, t->entry, err);
	return r < 0 ? r : tcp_repair_off(t->file->fd, TCP_QUIETLY, err);
}

static int make_listening(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	if (t->entry->state != NETDIAG_LISTEN)
		return 0;
	int r = make_bound(t, err);
	if (r == 0)
		r = inet_finish(make, t->file->fd, t->entry, err);
	if (r == 0 && listen(t->file->fd, (int)t->entry->backlog) < 0)
		r = fail_errno(err, "listen");
	return r;
}

static int make_closed(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	if (t->entry->state != NETDIAG_CLOSE)
		return 0;
	int r = make_bound(t, err);
	return r < 0 ? r : inet_finish(make, t->file->fd, t->entry, err);
}

static int get_stream(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *in = NULL;
	struct arena *arena = make->model->arena;
	const void *received = NULL, *sent = NULL;
	void *entry = NULL;

	int r = image_reader_open(make->image, IMAGE_TCP_STREAM, t->entry->ino, &in, err);
	if (r == 0)
		r = record_get(in, &tcp_stream_entry__descriptor, arena, &entry, err);
	if (r == 0 || (r > 0 && !entry))
		return fail(err, -EPROTO, "its stream is empty");
	if (r < 0)
		return r;
	t->stream.entry = *(const TcpStreamEntry *)entry;
	r = record_get_raw(in, t->stream.entry.inq_len, &received, err);
	if (r >= 0)
		t->stream.received = arena_copy(arena, received, t->stream.entry.inq_len);
	if (r >= 0)
		r = record_get_raw(in, t->stream.entry.outq_len, &sent, err);
	if (r < 0)
		return r;
	t->stream.sent = arena_copy(arena, sent, t->stream.entry.outq_len);
	return t->stream.received && t->stream.sent
		       ? 0
		       : fail(err, -ENOMEM, "no memory for a stream");
}

/* The end of somebody who is gone: what we have it had sent, what it has not we still have. */
static int make_gone(struct tcp_sk *t, struct err *err)
{
	const TcpStreamEntry *ours = &t->stream.entry;
	InetSkEntry e = *t->entry;
	struct tcp_stream s = {.entry = *ours};

	e.state = NETDIAG_ESTABLISHED;
	e.src_addr = t->entry->dst_addr;
	e.n_src_addr = t->entry->n_dst_addr;
	e.src_port = t->entry->dst_port;
	e.dst_addr = t->entry->src_addr;
	e.n_dst_addr = t->entry->n_src_addr;
	e.dst_port = t->entry->src_port;
	s.entry.inq_len = s.entry.outq_len = s.entry.unsq_len = 0;
	s.entry.inq_seq = tcp_first_unacked(ours, t->entry->state);
	s.entry.outq_seq = tcp_next_expected(ours, t->entry->state);
	s.entry.snd_wscale = ours->rcv_wscale;
	s.entry.rcv_wscale = ours->snd_wscale;
	s.entry.has_snd_wnd = false;
	int r = inet_new(&e, &t->gone, err);
	if (r == 0)
		r = tcp_connect_again(t->gone, &e, &s, err);
	return r < 0 ? fail_in(err, "the other end") : 0;
}

static int make_stream(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	if (!is_stream(t))
		return 0;
	int r = get_stream(make, t, err);
	if (r == 0)
		r = inet_new(t->entry, &t->file->fd, err);
	if (r == 0)
		r = tcp_connect_again(t->file->fd, t->entry, &t->stream, err);
	if (r == 0 && t->entry->peer_gone)
		r = make_gone(t, err);
	return r;
}

static int make_waiting(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	union inet_address to;
	char text[INET_TEXT];

	if (!t->entry->waiting)
		return 0;
	if (!inet_destination(t->entry, &to))
		return fail(err, -EPROTO, "the record has no peer");
	int r = make_bound(t, err);
	if (r < 0)
		return r;
	struct pollfd p = {.fd = t->file->fd, .events = POLLOUT};
	if (connect(t->file->fd, &to.sa, inet_len(&to)) < 0 && errno != EINPROGRESS)
		return fail_errno(err, "connect to %s", inet_text(&to, text));
	if (poll(&p, 1, CONNECT_MS) != 1 || (p.revents & (POLLERR | POLLHUP)))
		return fail(err, -ECONNREFUSED, "nobody listens at %s", inet_text(&to, text));
	return inet_finish(make, t->file->fd, t->entry, err);
}

typedef int pass_fn(struct fd_make *make, struct tcp_sk *t, struct err *err);

static int run(struct fd_make *make, const struct tcp_set *set, pass_fn *const *pass, size_t n,
	       struct err *err)
{
	for (size_t p = 0; p < n; p++)
		for (size_t i = 0; i < set->n; i++)
			if (pass[p](make, &set->sk[i], err) < 0)
				return fail_in(err, "socket:[%u]", set->sk[i].entry->ino);
	return 0;
}

static int collect(struct fd_make *make, struct tcp_set **ret, struct err *err)
{
	struct model *model = make->model;
	struct tcp_set *set = arena_new_struct(model->arena, struct tcp_set);
	struct tcp_sk *sk = arena_alloc(model->arena, model->n_files * sizeof(*sk));

	if (!set || !sk)
		return fail(err, -ENOMEM, "no memory for sockets");
	set->sk = sk;
	for (size_t i = 0; i < model->n_files; i++) {
		struct open_file *file = model->file[i];
		const InetSkEntry *e = file->entry ? file->entry->isk : NULL;

		if (e && e->proto == IPPROTO_TCP && file->fd < 0)
			sk[set->n++] = (struct tcp_sk){.file = file, .entry = e, .gone = -1};
	}
	*ret = set;
	return 0;
}

int tcp_make(struct fd_make *make, struct err *err)
{
	static pass_fn *const passes[] = {make_listening, make_closed, make_stream,
					  make_waiting};
	struct sock_made *made = NULL;

	int r = sock_made(make, &made, err);
	if (r < 0 || made->tcp)
		return r;
	r = collect(make, &made->tcp, err);
	return r < 0 ? r
		     : run(make, made->tcp, passes, sizeof(passes) / sizeof(passes[0]), err);
}

/* --- waking */

static int wake(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	(void)make;
	if (!is_stream(t))
		return 0;
	int r = tcp_repair_off(t->file->fd, TCP_PROBE, err);
	if (r == 0 && t->gone >= 0)
		r = tcp_repair_off(t->gone, TCP_PROBE, err);
	return r < 0 ? r : options_restore_tcp(t->file->fd, t->entry->tcp_opts, err);
}

static int send_rest(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	(void)make;
	return is_stream(t) ? tcp_send_rest(t->file->fd, &t->stream, err) : 0;
}

static int shut_down(struct fd_make *make, struct tcp_sk *t, struct err *err)
{
	const InetSkEntry *e = t->entry;

	if (!is_stream(t))
		return 0;
	if (tcp_sent_fin(e->state) && shutdown(t->file->fd, SHUT_WR) < 0)
		return fail_errno(err, "shutdown");
	if ((e->shutdown & SK_SHUTDOWN__READ) && !tcp_got_fin(e->state) &&
	    shutdown(t->file->fd, SHUT_RD) < 0)
		return fail_errno(err, "shutdown");
	scope_close(&t->gone);
	t->gone = -1;
	return inet_finish(make, t->file->fd, e, err);
}

int tcp_wake(struct fd_make *make, struct err *err)
{
	static pass_fn *const passes[] = {wake, send_rest, shut_down};
	struct sock_made *made = NULL;

	int r = sock_made(make, &made, err);
	if (r < 0 || !made->tcp || made->tcp->awake)
		return r;
	made->tcp->awake = true;
	return run(make, made->tcp, passes, sizeof(passes) / sizeof(passes[0]), err);
}
