#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "engine/image/record.h"
#include "engine/sock/queue.h"
#include "engine/sock/sock.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum {
	SCM_MAX_FDS = 253,
	SCM_PIDFD_TYPE = 4,
	FIRST_SIZE = 128 << 10,
	LAST_SIZE = 64 << 20,
	NAME_MAX_LEN = sizeof(struct sockaddr_storage),
};

/* One look at one queue. */
struct look {
	struct fd_dump *dump;
	struct open_file *file;
	enum queue_shape shape;
	int left; /* bytes of a stream */
	char *data;
	size_t size;
	struct packet *first, **last;
};

struct scm { /* what came beside a packet */
	struct ucred creds;
	bool has_creds;
	unsigned int n_fds;
};

static void close_fds(const struct cmsghdr *c, struct scm *scm)
{
	const int *fd = (const int *)CMSG_DATA(c);
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++)
		scope_close(&fd[i]);
	if (c->cmsg_type == SCM_RIGHTS)
		scm->n_fds += (unsigned int)n;
}

static void take_scm(struct msghdr *msg, struct scm *scm)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_PIDFD_TYPE)
			close_fds(c, scm);
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&scm->creds, CMSG_DATA(c), sizeof(scm->creds));
			scm->has_creds = true;
		}
	}
}

static int set_option(int fd, int name, int value, struct err *err)
{
	if (setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)) < 0)
		return fail_errno(err, "set option %d to look at the queue", name);
	return 0;
}

static int add_creds(struct look *l, SkPacketEntry *e, const struct scm *scm, struct err *err)
{
	const struct model *model = l->dump->model;

	for (size_t i = 0; scm->has_creds && i < model->n_tasks; i++) {
		if (model->task[i]->pid != scm->creds.pid)
			continue;
		SkUcredEntry *u = arena_new_struct(model->arena, SkUcredEntry);

		if (!u)
			return fail(err, -ENOMEM, "no memory for credentials");
		sk_ucred_entry__init(u);
		u->pid = (uint32_t)model->task[i]->vpid;
		u->uid = scm->creds.uid;
		u->gid = scm->creds.gid;
		e->ucred = u;
	}
	return 0;
}

static int add_packet(struct look *l, const struct msghdr *msg, size_t len,
		      const struct scm *scm, struct err *err)
{
	struct arena *arena = l->dump->model->arena;
	struct packet *p = arena_new_struct(arena, struct packet);

	if (!p)
		return fail(err, -ENOMEM, "no memory for a packet");
	sk_packet_entry__init(&p->entry);
	p->entry.id_for = l->file->id;
	p->entry.length = (uint32_t)len;
	p->bytes = arena_copy(arena, l->data, len);
	if (!p->bytes)
		return fail(err, -ENOMEM, "no memory for a packet of %zu bytes", len);
	if (msg->msg_namelen && l->shape == QUEUE_PACKETS) {
		p->entry.has_sender = true;
		p->entry.sender.len = msg->msg_namelen;
		p->entry.sender.data = arena_copy(arena, msg->msg_name, msg->msg_namelen);
		if (!p->entry.sender.data)
			return fail(err, -ENOMEM, "no memory for a sender's name");
	}
	*l->last = p;
	l->last = &p->next;
	return add_creds(l, &p->entry, scm, err);
}

/* 1: a packet was added, 0: there is no more, -EMSGSIZE: it did not fit. */
static int look_once(struct look *l, struct err *err)
{
	char control[CMSG_SPACE(SCM_MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
		     512] __attribute__((aligned(16)));
	struct sockaddr_storage name = {0};
	bool stream = l->shape == QUEUE_STREAM;
	struct iovec iov = {l->data,
			    stream && (size_t)l->left < l->size ? (size_t)l->left : l->size};
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = NAME_MAX_LEN,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct scm scm = {0};

	if (stream && l->left <= 0)
		return 0;
	ssize_t n = recvmsg(l->file->fd, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return fail_errno(err, "look at the queue");
	take_scm(&msg, &scm);
	if (scm.n_fds)
		return refuse(err,
			      "%s: %u descriptors are in flight in its queue; try again when "
			      "they are received",
			      l->file->link, scm.n_fds);
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (n == 0 && (stream || (!scm.has_creds && !msg.msg_namelen)))
		return 0; /* the end of a connection, no empty packet */
	l->left -= (int)n;
	int r = add_packet(l, &msg, (size_t)n, &scm, err);
	return r < 0 ? r : 1;
}

static int look_all(struct look *l, struct err *err)
{
	int r;

	l->first = NULL;
	l->last = &l->first;
	r = set_option(l->file->fd, SO_PEEK_OFF, 0, err);
	if (r == 0 && l->shape == QUEUE_STREAM && ioctl(l->file->fd, SIOCINQ, &l->left) < 0)
		r = fail_errno(err, "ask how much is in the queue");
	if (r == 0)
		while ((r = look_once(l, err)) > 0)
			;
	return r;
}

static int look_growing(struct look *l, struct err *err)
{
	for (l->size = FIRST_SIZE; l->size <= LAST_SIZE; l->size *= 4) {
		scoped_free char *data = malloc(l->size);

		if (!data)
			return fail(err, -ENOMEM, "no memory to look at a queue");
		l->data = data;
		int r = look_all(l, err);
		if (r != -EMSGSIZE)
			return r;
	}
	return fail(err, -EMSGSIZE, "a packet of more than %d bytes is in its queue",
		    LAST_SIZE);
}

static int get_option(int fd, int name, int none)
{
	int value = none;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? none : value;
}

int queue_dump(struct fd_dump *dump, struct open_file *file, enum queue_shape shape,
	       struct err *err)
{
	struct look l = {.dump = dump, .file = file, .shape = shape};
	int offset = get_option(file->fd, SO_PEEK_OFF, -1);
	int creds = get_option(file->fd, SO_PASSCRED, -1);
	bool shows_creds = creds >= 0 && sock_is(file, AF_UNIX, -1, -1);
	struct sock_seen *seen = NULL;
	struct err ignored = {0};

	int r = sock_seen(dump, &seen, err);
	if (r == 0 && shows_creds)
		r = set_option(file->fd, SO_PASSCRED, 1, err);
	if (r == 0)
		r = look_growing(&l, err);
	set_option(file->fd, SO_PEEK_OFF, offset, &ignored);
	if (shows_creds)
		set_option(file->fd, SO_PASSCRED, creds, &ignored);
	if (r < 0 || !l.first)
		return r;
	*seen->next_packet = l.first;
	seen->next_packet = l.last;
	return 0;
}

int queue_finish(struct fd_dump *dump, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	const struct sock_seen *seen = dump->socks;

	if (!seen || !seen->packet)
		return 0;
	int r = image_writer_open(dump->image, IMAGE_SK_QUEUES, 0, &w, err);
	for (const struct packet *p = seen->packet; r == 0 && p; p = p->next) {
		r = record_put(w, &p->entry.base, err);
		if (r == 0 && p->entry.length)
			r = record_put_raw(w, p->bytes, p->entry.length, err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

/* --- restore */

static int get_one(struct fd_make *make, struct image_reader *in, struct packet ***last,
		   struct err *err)
{
	struct arena *arena = make->model->arena;
	struct packet *p = arena_new_struct(arena, struct packet);
	const void *bytes = NULL;
	void *entry = NULL;

	if (!p)
		return fail(err, -ENOMEM, "no memory for a packet");
	int r = record_get(in, &sk_packet_entry__descriptor, arena, &entry, err);
	if (r <= 0)
		return r;
	p->entry = *(const SkPacketEntry *)entry;
	r = record_get_raw(in, p->entry.length, &bytes, err);
	if (r < 0)
		return r;
	p->bytes = arena_copy(arena, bytes, p->entry.length);
	if (!p->bytes)
		return fail(err, -ENOMEM, "no memory for %u bytes", p->entry.length);
	**last = p;
	*last = &p->next;
	return 1;
}

static int load(struct fd_make *make, struct packet **ret, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *in = NULL;
	struct packet **last = ret;

	int r = image_reader_open(make->image, IMAGE_SK_QUEUES, 0, &in, err);
	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	while (r >= 0 && (r = get_one(make, in, &last, err)) > 0)
		;
	return r;
}

const struct packet *queue_next(const struct packet *packet)
{
	const struct packet *p = packet->next;

	while (p && p->entry.id_for != packet->entry.id_for)
		p = p->next;
	return p;
}

int queue_first(struct fd_make *make, uint32_t id, const struct packet **ret, struct err *err)
{
	struct sock_made *made = NULL;

	int r = sock_made(make, &made, err);
	if (r == 0 && !made->has_packets)
		r = load(make, &made->packet, err);
	if (r < 0)
		return r;
	made->has_packets = true;
	const struct packet *p = made->packet;
	while (p && p->entry.id_for != id)
		p = p->next;
	*ret = p;
	return 0;
}
