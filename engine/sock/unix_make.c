/* unix_make.c - the unix sockets of an image, made together
 *
 * Order holds because:  a pair without names gets its first packets before one of them has a
 * name; names come before connections, which are made to names; queues are filled before a
 * datagram socket is connected (from then on it takes packets of its peer only) and before
 * anything is shut down; the real sizes of buffers come last.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/fd/fown.h"
#include "engine/sock/options.h"
#include "engine/sock/queue.h"
#include "engine/sock/sock.h"
#include "engine/sock/unix.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int unix_new(struct unix_sk *u, struct err *err)
{
	int fd = socket(AF_UNIX, (int)u->entry->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_errno(err, "socket of type %u", u->entry->type);
	u->file->fd = fd;
	options_make_room(fd);
	return 0;
}

static int take_outside(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
			struct err *err)
{
	char link[32];

	(void)set;
	if (!(u->entry->uflags & UNIX_EXTERN))
		return 0;
	snprintf(link, sizeof(link), "socket:[%u]", u->entry->ino);
	int stdio = fd_stdio_take(make, link);
	if (stdio >= 0) {
		u->stdio = true;
		u->file->fd = fcntl(stdio, F_DUPFD_CLOEXEC, 3);
		return u->file->fd < 0 ? fail_errno(err, "dup of stdio") : 0;
	}
	if (unix_is_datagram(u) && u->entry->has_peer_name)
		return 0;
	return fail(err, -ENOTCONN, "its other end was outside of the container");
}

/* Two without a name, or of datagram sockets one that could not be connected to by name. */
static bool makes_pair(const struct unix_sk *u)
{
	const struct unix_sk *p = u->peer;

	if (!p || p == u || unix_is_made(u) || unix_is_made(p) ||
	    p->entry->type != u->entry->type)
		return false;
	if (unix_is_datagram(u))
		return !unix_is_named(p) || (p->peer == u && !unix_is_named(u));
	return unix_is_connection(u) && !unix_is_named(u) && !unix_is_named(p);
}

static int make_pair(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		     struct err *err)
{
	struct unix_sk *p = u->peer;
	int fd[2];

	(void)set;
	if (!makes_pair(u))
		return 0;
	int r = unix_socketpair(make, u->entry->peer_credentials, (int)u->entry->type, fd, err);
	if (r < 0)
		return r;
	u->file->fd = fd[0];
	p->file->fd = fd[1];
	u->partner = p;
	p->partner = u;
	u->connected = true;
	p->connected = p->peer == u;
	options_make_room(fd[0]);
	options_make_room(fd[1]);
	if (unix_is_datagram(u))
		r = unix_fill_unnamed(make, u, fd[1], err);
	if (r == 0 && unix_is_datagram(u))
		r = unix_fill_unnamed(make, p, fd[0], err);
	return r;
}

static int make_bound(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		      struct err *err)
{
	(void)set;
	if (u->stdio || unix_is_connection(u))
		return 0;
	int r = unix_is_made(u) ? 0 : unix_new(u, err);
	if (r == 0)
		r = unix_bind(make, u->file->fd, u->entry, err);
	if (r == 0 && u->entry->state == NETDIAG_LISTEN)
		r = unix_listen(make, u->entry->peer_credentials, u->file->fd,
				(int)u->entry->backlog, err);
	return r;
}

static int fill_stream(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		       struct err *err)
{
	(void)set;
	if (!unix_is_connection(u) || !u->peer || u->waiting)
		return 0;
	return unix_fill_stream(make, u->file->id, u->peer->file->fd, err);
}

/* Somebody without a name whose other end is gone, but not what that has sent. */
static int fill_orphan(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		       struct err *err)
{
	const struct packet *first;
	int fd[2];

	int r = queue_first(make, u->file->id, &first, err);
	if (r < 0 || !first)
		return r;
	r = unix_socketpair(make, u->entry->peer_credentials, SOCK_DGRAM, fd, err);
	if (r < 0)
		return r;
	scoped_fd int gone = fd[1];
	close(u->file->fd);
	u->file->fd = fd[0];
	options_make_room(gone);
	r = unix_fill_unnamed(make, u, gone, err);
	return r < 0 ? r : unix_fill_named(make, set, u, gone, err);
}

static int fill_datagrams(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
			  struct err *err)
{
	if (!unix_is_datagram(u) || u->stdio)
		return 0;
	if (u->partner)
		return unix_fill_named(make, set, u, u->partner->file->fd, err);
	if (!unix_is_named(u))
		return fill_orphan(make, set, u, err);
	return unix_fill_named(make, set, u, -1, err);
}

static int connect_datagrams(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
			     struct err *err)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)set;
	if (!unix_is_datagram(u) || u->stdio || u->connected)
		return 0;
	if (u->peer)
		return unix_connect(make, NULL, u->file->fd, u->peer->file->fd, err);
	if (u->entry->has_peer_name)
		return unix_connect_inside(make, u->file->fd, u->entry->peer_name.data,
					   u->entry->peer_name.len, err);
	if (u->partner && connect(u->file->fd, &none, sizeof(none)) < 0)
		return fail_errno(err, "disconnect");
	return 0;
}

static int finish(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		  struct err *err)
{
	const UnixSkEntry *e = u->entry;
	int r = 0;

	(void)set;
	if (!u->stdio) {
		if (e->shutdown && shutdown(u->file->fd, (int)e->shutdown - 1) < 0 &&
		    errno != ENOTCONN)
			return fail_errno(err, "shutdown");
		r = options_restore(u->file->fd, e->opts, err);
	}
	return r < 0 ? r : fown_restore(make, u->file->fd, e->flags, e->fown, err);
}

typedef int pass_fn(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		    struct err *err);

static pass_fn *const passes[] = {
	take_outside,         make_pair,         make_bound,
	unix_make_connection, fill_stream,       fill_datagrams,
	connect_datagrams,    unix_make_waiting, finish,
};

static int fail_in_socket(struct unix_sk *u, struct err *err)
{
	char name[128];

	return fail_in(
		err, "socket:[%u] %s", u->entry->ino,
		unix_name_text(u->entry->name.data, u->entry->name.len, name, sizeof(name)));
}

static int run_passes(struct fd_make *make, struct unix_set *set, struct err *err)
{
	for (size_t p = 0; p < sizeof(passes) / sizeof(passes[0]); p++)
		for (size_t i = 0; i < set->n; i++)
			if (passes[p](make, set, &set->sk[i], err) < 0)
				return fail_in_socket(&set->sk[i], err);
	return 0;
}

struct unix_sk *unix_find(const struct unix_set *set, uint32_t ino)
{
	for (size_t i = 0; ino && i < set->n; i++)
		if (set->sk[i].entry->ino == ino)
			return &set->sk[i];
	return NULL;
}

static int relate(struct unix_set *set, struct err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		struct unix_sk *u = &set->sk[i];

		if (!u->entry->opts)
			return fail(err, -EPROTO, "socket:[%u] has no options", u->entry->ino);
		u->peer = unix_find(set, u->entry->peer);
		for (size_t k = 0; k < u->entry->n_waiting; k++) {
			struct unix_sk *w = unix_find(set, u->entry->waiting[k]);

			if (!w)
				return fail(err, -EPROTO, "no socket:[%u] is in the image",
					    u->entry->waiting[k]);
			w->waiting = true;
		}
	}
	for (size_t i = 0; i < set->n; i++) /* a connection has two ends */
		if (unix_is_connection(&set->sk[i]) && set->sk[i].peer &&
		    set->sk[i].peer->peer != &set->sk[i])
			return fail(err, -EPROTO, "socket:[%u] has two peers",
				    set->sk[i].entry->ino);
	return 0;
}

int unix_make(struct fd_make *make, struct err *err)
{
	struct model *model = make->model;
	struct unix_set set = {0};
	struct sock_made *made = NULL;

	int r = sock_made(make, &made, err);
	if (r < 0 || made->has_unixes)
		return r;
	made->has_unixes = true;
	set.sk = arena_alloc(model->arena, model->n_files * sizeof(*set.sk));
	if (!set.sk)
		return fail(err, -ENOMEM, "no memory for unix sockets");
	for (size_t i = 0; i < model->n_files; i++) {
		struct open_file *file = model->file[i];

		if (file->entry && file->entry->usk && file->fd < 0)
			set.sk[set.n++] =
				(struct unix_sk){.file = file, .entry = file->entry->usk};
	}
	r = relate(&set, err);
	return r < 0 ? r : run_passes(make, &set, err);
}
