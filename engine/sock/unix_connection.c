/* unix_connection.c - connections of unix(7) streams that were made by accept(2)
 *
 * An accepted socket has the name of the one that listens, and whoever connected sees it.  The
 * listening socket of the image is used if it is there, else one made for the moment, bound
 * to the same name where nobody sees it.  An end whose other end is gone is connected to one
 * made for the moment, which fills its queue before it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/kernel/netdiag.h"
#include "engine/sock/options.h"
#include "engine/sock/unix.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
	return a->len == b->len && a->len && !memcmp(a->data, b->data, a->len);
}

bool unix_is_connection(const struct unix_sk *u)
{
	return !unix_is_datagram(u) && u->entry->state == NETDIAG_ESTABLISHED;
}

/* Who listens by this name and can be reached by it. */
static struct unix_sk *listener(const struct unix_set *set, const ProtobufCBinaryData *name,
				uint32_t type)
{
	for (size_t i = 0; i < set->n; i++) {
		struct unix_sk *u = &set->sk[i];

		if (u->entry->state == NETDIAG_LISTEN && u->entry->type == type &&
		    !u->entry->deleted && same_bytes(&u->entry->name, name))
			return u;
	}
	return NULL;
}

static int temporary(uint32_t type, const ProtobufCBinaryData *name, int *ret_fd,
		     struct err *err)
{
	scoped_fd int fd = socket(AF_UNIX, (int)type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_errno(err, "socket of type %u", type);
	int r = name && name->len ? unix_bind_nowhere(fd, name->data, name->len, err) : 0;
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* A connection to make: whom SO_PEERCRED shows at either end. */
struct connection {
	struct fd_make *make;
	const struct unix_set *set;
	uint32_t type;
	const ProtobufCBinaryData *name; /* of the one that listens */
	const SkUcredEntry *listens, *connects;
};

/* Somebody who listens by the name: a duplicate of the image's, or one for the moment. */
static int listening(const struct connection *c, int *ret_fd, struct err *err)
{
	const struct unix_sk *u = listener(c->set, c->name, c->type);
	scoped_fd int fd = -1;

	if (u) {
		fd = fcntl(u->file->fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return fail_errno(err, "dup");
	} else {
		int r = temporary(c->type, c->name, &fd, err);
		if (r == 0)
			r = unix_listen(c->make, c->listens, fd, 1, err);
		if (r < 0)
			return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* *ret_fd is the accepted end. */
static int connect_and_accept(const struct connection *c, int client, int *ret_fd,
			      struct err *err)
{
	scoped_fd int listens = -1;

	int r = listening(c, &listens, err);
	if (r == 0)
		r = unix_connect(c->make, c->connects, client, listens, err);
	if (r < 0)
		return r;
	int fd = accept4(listens, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return fail_errno(err, "accept");
	*ret_fd = fd;
	return 0;
}

/* Of two with names the one whose name somebody listens by; connected once, who was the server
 * makes no difference. */
static bool is_server(const struct unix_set *set, const struct unix_sk *u)
{
	if (!unix_is_named(u) || !unix_is_named(u->peer))
		return unix_is_named(u);
	if (listener(set, &u->entry->name, u->entry->type))
		return true;
	return !listener(set, &u->peer->entry->name, u->entry->type) && u < u->peer;
}

static int make_both(struct fd_make *make, const struct unix_set *set, struct unix_sk *server,
		     struct unix_sk *client, struct err *err)
{
	const struct connection c = {make,
				     set,
				     server->entry->type,
				     &server->entry->name,
				     client->entry->peer_credentials,
				     server->entry->peer_credentials};
	int r = unix_new(client, err);

	if (r == 0)
		r = unix_bind(make, client->file->fd, client->entry, err);
	if (r == 0)
		r = connect_and_accept(&c, client->file->fd, &server->file->fd, err);
	if (r == 0)
		options_make_room(server->file->fd);
	return r;
}

static int with_accepted(const struct connection *c, struct unix_sk *u, int *ret_gone,
			 struct err *err)
{
	const ProtobufCBinaryData *name = u->entry->has_peer_name ? &u->entry->peer_name : NULL;
	scoped_fd int client = -1;

	int r = temporary(u->entry->type, name, &client, err);
	if (r == 0)
		r = connect_and_accept(c, client, &u->file->fd, err);
	if (r == 0)
		*ret_gone = take_fd(&client);
	return r;
}

/* An end that is alone, and for the moment another end. */
static int make_end(struct fd_make *make, const struct unix_set *set, struct unix_sk *u,
		    int *ret_gone, struct err *err)
{
	const SkUcredEntry *creds = u->entry->peer_credentials;
	const ProtobufCBinaryData *name =
		unix_is_named(u) ? &u->entry->name : &u->entry->peer_name;
	const struct connection c = {make, set, u->entry->type, name, creds, creds};
	int fd[2];

	if (unix_is_named(u))
		return with_accepted(&c, u, ret_gone, err);
	if (u->entry->has_peer_name) {
		int r = unix_new(u, err);

		return r < 0 ? r : connect_and_accept(&c, u->file->fd, ret_gone, err);
	}
	int r = unix_socketpair(make, creds, (int)u->entry->type, fd, err);
	if (r < 0)
		return r;
	u->file->fd = fd[0];
	*ret_gone = fd[1];
	return 0;
}

static int make_alone(struct fd_make *make, const struct unix_set *set, struct unix_sk *u,
		      struct err *err)
{
	scoped_fd int gone = -1;

	int r = make_end(make, set, u, &gone, err);
	if (r == 0)
		options_make_room(gone);
	if (r == 0)
		r = unix_fill_stream(make, u->file->id, gone, err);
	/* What the other end did not read makes ECONNRESET of its close. */
	if (r == 0 && u->entry->reset && send(u->file->fd, "", 1, MSG_NOSIGNAL) != 1)
		r = fail_errno(err, "send");
	return r;
}

int unix_make_connection(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
			 struct err *err)
{
	if (unix_is_made(u) || u->stdio || !unix_is_connection(u) || u->waiting)
		return 0;
	if (!u->peer)
		return make_alone(make, set, u, err);
	return is_server(set, u) ? make_both(make, set, u, u->peer, err)
				 : make_both(make, set, u->peer, u, err);
}

/* Whom it will be shown to is not there yet to tell: as whoever has the socket now. */
static const SkUcredEntry *creds_of_holder(struct fd_make *make, const struct unix_sk *u,
					   SkUcredEntry *ret)
{
	int num;
	const struct task *task = fd_holder(make->model, u->file, &num);
	const CoreEntry *core = task ? task->thread[0].core : NULL;

	if (!core || !core->thread_core || !core->thread_core->creds)
		return NULL;
	sk_ucred_entry__init(ret);
	ret->pid = (uint32_t)task->vpid;
	ret->uid = core->thread_core->creds->euid;
	ret->gid = core->thread_core->creds->egid;
	return ret;
}

int unix_make_waiting(struct fd_make *make, struct unix_set *set, struct unix_sk *u,
		      struct err *err)
{
	for (size_t i = 0; i < u->entry->n_waiting; i++) {
		struct unix_sk *w = unix_find(set, u->entry->waiting[i]);
		SkUcredEntry creds;

		int r = unix_is_made(w) ? fail(err, -EPROTO, "it waits twice") : 0;
		if (r == 0)
			r = unix_new(w, err);
		if (r == 0)
			r = unix_bind(make, w->file->fd, w->entry, err);
		if (r == 0)
			r = unix_connect(make, creds_of_holder(make, w, &creds), w->file->fd,
					 u->file->fd, err);
		if (r < 0)
			return fail_in(err, "the connection of socket:[%u]", w->entry->ino);
	}
	return 0;
}
