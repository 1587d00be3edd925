#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "engine/image/record.h"
#include "engine/sock/queue.h"
#include "engine/sock/rights.h"
#include "engine/sock/sock.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum {
	SCM_PIDFD_TYPE = 4,
	FIRST_SIZE = 128 << 10,
	LAST_SIZE = 64 << 20,
	NAME_MAX_LEN = sizeof(struct sockaddr_storage),
	CONTROL_MAX =
		CMSG_SPACE(RIGHTS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) + 512,
};

/* One look at one queue. */
struct look {
	struct fd_dump *dump;
	struct open_file *file;
	enum queue_shape shape;
	int at, left; /* bytes that were seen; of a stream, those that were not */
	char *data;
	size_t size;
	struct packet *first, **last;
};

struct seen { /* one packet, or piece of a stream */
	size_t len;
	bool has_creds;
	struct ucred creds;
	struct sockaddr_storage name;
	socklen_t name_len;
	struct rights rights;
};

static void seen_close(struct seen *seen)
{
	rights_close(&seen->rights);
}

static void take_fds(const struct cmsghdr *c, struct seen *seen)
{
	const int *fd = (const int *)CMSG_DATA(c);
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		if (c->cmsg_type == SCM_RIGHTS && seen->rights.n < RIGHTS_MAX)
			seen->rights.fd[seen->rights.n++] = fd[i];
		else
			scope_close(&fd[i]);
	}
}

static void take_scm(struct msghdr *msg, struct seen *seen)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_PIDFD_TYPE)
			take_fds(c, seen);
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&seen->creds, CMSG_DATA(c), sizeof(seen->creds));
			seen->has_creds = true;
		}
	}
}

static int set_option(int fd, int name, int value, struct err *err)
{
	if (setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)) < 0)
		return fail_errno(err, "set option %d to look at the queue", name);
	return 0;
}

static int add_creds(struct look *l, SkPacketEntry *e, const struct seen *seen, struct err *err)
{
	const struct model *model = l->dump->model;

	for (size_t i = 0; seen->has_creds && i < model->n_tasks; i++) {
		if (model->task[i]->pid != seen->creds.pid)
			continue;
		SkUcredEntry *u = arena_new_struct(model->arena, SkUcredEntry);

		if (!u)
			return fail(err, -ENOMEM, "no memory for credentials");
		sk_ucred_entry__init(u);
		u->pid = (uint32_t)model->task[i]->vpid;
		u->uid = seen->creds.uid;
		u->gid = seen->creds.gid;
		e->ucred = u;
	}
	return 0;
}

static int add_packet(struct look *l, const char *data, struct seen *seen, struct err *err)
{
	struct arena *arena = l->dump->model->arena;
	struct packet *p = arena_new_struct(arena, struct packet);

	if (!p)
		return fail(err, -ENOMEM, "no memory for a packet");
	sk_packet_entry__init(&p->entry);
	p->entry.id_for = l->file->id;
	p->entry.length = (uint32_t)seen->len;
	p->bytes = arena_copy(arena, data, seen->len);
	if (!p->bytes)
		return fail(err, -ENOMEM, "no memory for a packet of %zu bytes", seen->len);
	if (seen->name_len && l->shape == QUEUE_PACKETS) {
		p->entry.has_sender = true;
		p->entry.sender.len = seen->name_len;
		p->entry.sender.data = arena_copy(arena, &seen->name, seen->name_len);
		if (!p->entry.sender.data)
			return fail(err, -ENOMEM, "no memory for a sender's name");
	}
	*l->last = p;
	l->last = &p->next;
	int r = add_creds(l, &p->entry, seen, err);
	return r < 0 ? r : rights_dump(l->dump, l->file, &seen->rights, &p->entry, err);
}

/* The next packet and its length, or of a stream up to size bytes.  0 if there is no more. */
static int peek(struct look *l, size_t size, struct seen *ret, struct err *err)
{
	char control[CONTROL_MAX] __attribute__((aligned(16)));
	struct iovec iov = {l->data, size};
	struct msghdr msg = {
		.msg_name = &ret->name,
		.msg_namelen = NAME_MAX_LEN,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	ret->rights.n = 0;
	ret->has_creds = false;
	ssize_t n = recvmsg(l->file->fd, &msg,
			    MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC |
				    (l->shape == QUEUE_PACKETS ? MSG_TRUNC : 0));
	if (n < 0)
		return errno == EAGAIN ? 0 : fail_errno(err, "look at the queue");
	take_scm(&msg, ret);
	ret->len = (size_t)n;
	ret->name_len = msg.msg_namelen;
	return 1;
}

/* How many of n bytes come before the piece that the descriptors came with, which is the last.  A
 * piece is copied whole or not at all, so one that cannot take its last byte ends there.  (A
 * shorter look would not tell: it shows the descriptors of the next piece already.) */
static int bytes_before(struct look *l, int at, size_t n, size_t *ret, struct err *err)
{
	struct iovec iov[] = {{l->data, n - 1}, {(void *)1, 1}}; /* NOLINT: nothing is there */
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	int fd = l->file->fd;

	if (set_option(fd, SO_PEEK_OFF, at, err) < 0)
		return err->code;
	ssize_t before = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	if (before < 0 && errno != EFAULT)
		return fail_errno(err, "look at the queue");
	*ret = before > 0 ? (size_t)before : 0;
	return set_option(fd, SO_PEEK_OFF, at + (int)n, err);
}

/* All that is left, or up to a piece that descriptors came with. */
static int look_at_stream(struct look *l, struct err *err)
{
	size_t before = 0;
	scoped(seen_close) struct seen seen = {0};

	int r = l->left > 0 ? peek(l, (size_t)l->left, &seen, err) : 0;
	if (r <= 0 || seen.len == 0)
		return r < 0 ? r : 0;
	if (seen.rights.n)
		r = bytes_before(l, l->at, seen.len, &before, err);
	l->at += (int)seen.len;
	l->left -= (int)seen.len;
	if (r >= 0 && before) {
		struct seen first = {.len = before, .has_creds = seen.has_creds};

		first.creds = seen.creds;
		r = add_packet(l, l->data, &first, err);
	}
	seen.len -= before;
	if (r >= 0)
		r = add_packet(l, l->data + before, &seen, err);
	return r < 0 ? r : 1;
}

/* The packet again, with room for all of it. */
static int peek_whole(struct look *l, struct seen *seen, struct err *err)
{
	size_t len = seen->len;
	char *data = len <= LAST_SIZE ? realloc(l->data, len) : NULL;

	if (!data)
		return fail(err, -ENOMEM, "no memory for a packet of %zu bytes", len);
	l->data = data;
	l->size = len;
	rights_close(&seen->rights);
	int r = set_option(l->file->fd, SO_PEEK_OFF, l->at, err);
	return r < 0 ? r : peek(l, l->size, seen, err);
}

static int look_at_packet(struct look *l, struct err *err)
{
	scoped(seen_close) struct seen seen = {0};

	int r = peek(l, l->size, &seen, err);
	if (r > 0 && seen.len > l->size)
		r = peek_whole(l, &seen, err);
	if (r <= 0)
		return r;
	if (seen.len == 0 && !seen.has_creds && !seen.name_len)
		return 0; /* the end of a connection, no empty packet */
	l->at += (int)seen.len;
	r = add_packet(l, l->data, &seen, err);
	return r < 0 ? r : 1;
}

/* How much is in a stream is told; how long the next packet is only when it is seen. */
static int look_at_all(struct look *l, struct err *err)
{
	bool stream = l->shape == QUEUE_STREAM;

	if (stream && ioctl(l->file->fd, SIOCINQ, &l->left) < 0)
		return fail_errno(err, "ask how much is in the queue");
	l->size = stream ? (size_t)l->left + 1 : FIRST_SIZE;
	l->data = malloc(l->size);
	l->last = &l->first;
	int r = l->data ? set_option(l->file->fd, SO_PEEK_OFF, 0, err)
			: fail(err, -ENOMEM, "no memory to look at a queue");
	if (r == 0)
		while ((r = stream ? look_at_stream(l, err) : look_at_packet(l, err)) > 0)
			;
	free(l->data);
	return r;
}

static int get_option(int fd, int name, int none)
{
	int value = none;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? none : value;
}

/* What the look needs on the socket, and takes back. */
static int look(struct look *l, struct err *err)
{
	int fd = l->file->fd;
	int offset = get_option(fd, SO_PEEK_OFF, -1);
	int creds = sock_is(l->file, AF_UNIX, -1, -1) ? get_option(fd, SO_PASSCRED, -1) : -1;
	struct err ignored = {0};

	int r = creds == 0 ? set_option(fd, SO_PASSCRED, 1, err) : 0;
	if (r == 0)
		r = look_at_all(l, err);
	set_option(fd, SO_PEEK_OFF, offset, &ignored);
	if (creds == 0)
		set_option(fd, SO_PASSCRED, 0, &ignored);
	return r;
}

int queue_dump(struct fd_dump *dump, struct open_file *file, enum queue_shape shape,
	       struct err *err)
{
	struct look l = {.dump = dump, .file = file, .shape = shape};
	struct sock_looked *looked = arena_new_struct(dump->model->arena, struct sock_looked);
	struct sock_seen *seen = NULL;

	int r = looked ? sock_seen(dump, &seen, err) : fail(err, -ENOMEM, "no memory");
	for (const struct sock_looked *i = r < 0 ? NULL : seen->looked; i; i = i->next)
		if (i->file == file)
			return 0;
	if (r == 0)
		r = look(&l, err);
	if (r < 0)
		return r;
	*looked = (struct sock_looked){seen->looked, file};
	seen->looked = looked;
	if (l.first) {
		*seen->next_packet = l.first;
		seen->next_packet = l.last;
	}
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
