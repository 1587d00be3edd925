/* unix.c - unix(7): streams, packets and datagrams between tasks
 *
 * Seen   UNIX_DIAG_*, found by inode: name, peer, waiting connections, shutdown; the queue by
 *        SO_PEEK_OFF, which takes nothing out (queue.h)
 * Made   all of an image together: unix_make.c
 * Outside  An end that a root task has as stdin, stdout or stderr and whose other end is outside
 *        is the container's stdio: what takes its place is given at restore.  A datagram socket
 *        that is connected to a name outside (/dev/log) is connected to it again, if such
 *        were allowed.
 * Lost   supplementary groups of a peer (SO_PEERGROUPS), the pid of one that is gone.
 * Refused  a connection whose other end is outside, or in another network namespace;
 *        a connection that waits for accept(2) and has sent already, or whose sender is gone;
 *        an out-of-band byte (Linux 5.15);
 *        a datagram socket with an error that waits to be read.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "engine/fd/fown.h"
#include "engine/sock/options.h"
#include "engine/sock/queue.h"
#include "engine/sock/sock.h"
#include "engine/sock/unix.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { GONE = NETDIAG_NO_READ | NETDIAG_NO_WRITE };

/* What a look at one socket needs. */
struct look {
	struct fd_dump *dump;
	struct open_file *file;
	const struct netdiag_unix_list *list;
	const struct netdiag_unix *seen;
	UnixSkEntry *entry;
};

static bool unix_match(const struct open_file *file)
{
	return sock_is(file, AF_UNIX, -1, -1);
}

static bool waits_in(const struct netdiag_unix *listening, uint32_t ino)
{
	for (uint32_t i = 0; i < listening->icons_n; i++)
		if (listening->icons[i] == ino)
			return true;
	return false;
}

/* Who listens where this connection waits for accept(2). */
static const struct netdiag_unix *waits_for(const struct look *l)
{
	for (size_t i = 0; i < l->list->n; i++)
		if (waits_in(&l->list->sock[i], l->seen->ino))
			return &l->list->sock[i];
	return NULL;
}

static const char *text_of(const struct netdiag_unix *s, char *buf, size_t size)
{
	return unix_name_text(s->name, s->named ? s->name_len : 0, buf, size);
}

static int refuse_outside(const struct look *l, const struct netdiag_unix *other,
			  struct err *err)
{
	char name[64] = "(in another network namespace)";

	if (other)
		text_of(other, name, sizeof(name));
	return refuse(err,
		      "%s: unix socket is connected to one outside the container, %s; close it",
		      l->file->link, name);
}

static int note_peer_name(const struct look *l, struct err *err)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	if (getpeername(l->file->fd, (struct sockaddr *)&sun, &len) < 0 ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		return 0;
	l->entry->has_peer_name = true;
	l->entry->peer_name.len = len - offsetof(struct sockaddr_un, sun_path);
	l->entry->peer_name.data =
		arena_copy(l->dump->model->arena, sun.sun_path, l->entry->peer_name.len);
	return l->entry->peer_name.data ? 0 : fail(err, -ENOMEM, "no memory for a name");
}

/* 1: it is the container's stdio, its queue stays behind. */
static int look_outside(const struct look *l, const struct netdiag_unix *other, struct err *err)
{
	int r = fd_stdio_add(l->dump, l->file, err);

	if (r == 0) {
		l->entry->uflags |= UNIX_EXTERN;
		return 1;
	}
	if (l->seen && l->seen->type == SOCK_DGRAM && l->dump->ext_unix_sk) {
		l->entry->uflags |= UNIX_EXTERN;
		r = note_peer_name(l, err);
		if (r < 0 || l->entry->has_peer_name)
			return r;
	}
	return refuse_outside(l, other, err);
}

static int look_waiting(const struct look *l, const struct netdiag_unix *listening,
			struct err *err)
{
	int sent = 0;

	if (!sock_file(l->dump->model, listening->ino))
		return look_outside(l, listening, err);
	if (ioctl(l->file->fd, SIOCOUTQ, &sent) < 0)
		return fail_errno(err, "SIOCOUTQ");
	if (sent)
		return refuse(err,
			      "%s: its connection has sent data and is not accepted yet; try "
			      "again when it is",
			      l->file->link);
	return 0;
}

static int look_peer(const struct look *l, struct err *err)
{
	const struct netdiag_unix *s = l->seen, *listening;

	if (s->peer && sock_file(l->dump->model, s->peer))
		return 0;
	if (s->peer)
		return look_outside(l, netdiag_unix_find(l->list, s->peer), err);
	if (s->state != NETDIAG_ESTABLISHED || s->type == SOCK_DGRAM)
		return 0;
	listening = waits_for(l);
	if (listening)
		return look_waiting(l, listening, err);
	if (s->shutdown != GONE)
		return look_outside(l, NULL, err);
	l->entry->has_reset = true;
	l->entry->reset = sock_has_error(l->file->fd);
	return note_peer_name(l, err);
}

static int look_backlog(const struct look *l, struct err *err)
{
	const struct netdiag_unix *s = l->seen;
	UnixSkEntry *e = l->entry;

	if (s->state != NETDIAG_LISTEN)
		return 0;
	e->backlog = s->wqueue;
	for (uint32_t i = 0; i < s->icons_n; i++)
		if (!sock_file(l->dump->model, s->icons[i]))
			return refuse(
				err,
				"%s: a connection from %s waits to be accepted; try again "
				"when it is",
				l->file->link,
				s->icons[i] ? "outside the container"
					    : "a socket that is gone");
	e->n_waiting = s->icons_n;
	e->waiting =
		arena_copy(l->dump->model->arena, s->icons, s->icons_n * sizeof(*s->icons));
	return e->waiting ? 0 : fail(err, -ENOMEM, "no memory for waiting connections");
}

/* An error is read before the packets: a look at those would take it. */
static int look_past_error(const struct look *l, struct err *err)
{
	int waits = 0;

	if (ioctl(l->file->fd, SIOCINQ, &waits) < 0)
		return fail_errno(err, "SIOCINQ");
	if (l->entry->reset && waits == 0)
		return 0;
	return refuse(err, "%s: an error waits to be read from it (SO_ERROR)", l->file->link);
}

static int look_queue(const struct look *l, struct err *err)
{
	bool stream = l->seen->type == SOCK_STREAM;
	char byte;

	if (l->seen->state == NETDIAG_LISTEN)
		return 0;
	if (stream && recv(l->file->fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) >= 0)
		return refuse(err, "%s: an out-of-band byte waits in it; read it first",
			      l->file->link);
	if (!stream && sock_has_error(l->file->fd))
		return look_past_error(l, err);
	return queue_dump(l->dump, l->file, stream ? QUEUE_STREAM : QUEUE_PACKETS, err);
}

static int look(const struct look *l, struct err *err)
{
	UnixSkEntry *e = l->entry;

	if (!l->seen) {
		int r = look_outside(l, NULL, err);
		return r < 0 ? r : 0;
	}
	e->type = l->seen->type;
	e->state = l->seen->state;
	e->peer = l->seen->peer;
	e->has_shutdown = l->seen->shutdown != 0;
	e->shutdown = (SkShutdown)l->seen->shutdown;
	int r = look_peer(l, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = unix_name_dump(l->dump, l->file, l->seen, e, err);
	if (r == 0)
		r = unix_creds_dump(l->dump, l->file, &e->peer_credentials, err);
	if (r == 0)
		r = look_backlog(l, err);
	return r < 0 ? r : look_queue(l, err);
}

static int start(struct fd_dump *dump, struct open_file *file, struct look *ret,
		 struct err *err)
{
	*ret = (struct look){.dump = dump, .file = file};
	UnixSkEntry *e = arena_new_struct(dump->model->arena, UnixSkEntry);

	if (!e)
		return fail(err, -ENOMEM, "no memory for a unix socket");
	unix_sk_entry__init(e);
	e->id = file->id;
	e->ino = (uint32_t)file->st.st_ino;
	e->flags = file->flags;
	e->has_ns_id = sock_ns_id(file, &e->ns_id);
	ret->entry = e;
	int r = sock_seen_unix(dump, &ret->list, err);
	if (r == 0)
		ret->seen = netdiag_unix_find(ret->list, e->ino);
	return r;
}

/* Descriptors in flight have to be known before files are described.  What is refused is refused by
 * dump(), where other refusals are gathered. */
static int unix_prepare(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct look l;

	int r = start(dump, file, &l, err);
	if (r < 0 || !l.seen || (l.seen->peer && !sock_file(dump->model, l.seen->peer)))
		return r;
	l.entry->reset = l.seen->state == NETDIAG_ESTABLISHED && !l.seen->peer;
	r = look_queue(&l, err);
	if (r != REFUSED)
		return r;
	*err = (struct err){0};
	return 0;
}

static int unix_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct look l;

	int r = start(dump, file, &l, err);
	if (r < 0)
		return r;
	file->entry->usk = l.entry;
	r = look(&l, err);
	if (r == 0)
		r = options_dump(dump->model->arena, file, &l.entry->opts, err);
	return r < 0 ? r : fown_dump(dump, file, &l.entry->fown, err);
}

static int unix_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			struct err *err)
{
	int r = unix_make(make, err);

	if (r == 0 && file->fd < 0)
		r = fail(err, -EPROTO, "the record has no state");
	if (r == 0)
		*ret_fd = file->fd;
	return r;
}

const struct fd_kind fd_unix = {
	.name = "unix socket",
	.type = FD_TYPES__UNIXSK,
	.match = unix_match,
	.prepare = unix_prepare,
	.dump = unix_dump,
	.finish = queue_finish,
	.restore = unix_restore,
};
