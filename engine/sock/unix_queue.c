/* unix_queue.c - what waits in unix(7) sockets is sent to them again
 *
 * A stream gets its bytes through its other end.  A packet shows its sender's name: it is sent
 * by the socket that has the name, or by one made for the moment that is bound to the same
 * name where nobody sees it.  Packets without a sender's name go first through the other end
 * of a pair, before that end has a name.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "engine/sock/queue.h"
#include "engine/sock/rights.h"
#include "engine/sock/sock.h"
#include "engine/sock/unix.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { NAME_AT = offsetof(struct sockaddr_un, sun_path) };

/* What goes beside the bytes. */
struct beside {
	struct rights rights;
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(RIGHTS_MAX * sizeof(int))]
		__attribute__((aligned(16)));
};

static void add(struct msghdr *msg, struct beside *b, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(b->control + msg->msg_controllen);

	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_control = b->control;
	msg->msg_controllen += CMSG_SPACE(len);
}

/* Descriptors, and whose message it was, if that task is there again. */
static int add_beside(struct fd_make *make, const SkPacketEntry *e, struct msghdr *msg,
		      struct beside *b, struct err *err)
{
	const struct task *task =
		e->ucred ? model_task(make->model, (pid_t)e->ucred->pid) : NULL;

	if (task && task->pid > 0) {
		const struct ucred creds = {task->pid, e->ucred->uid, e->ucred->gid};

		add(msg, b, SCM_CREDENTIALS, &creds, sizeof(creds));
	}
	int r = rights_make(make, e, &b->rights, err);
	if (r == 0 && b->rights.n)
		add(msg, b, SCM_RIGHTS, b->rights.fd, b->rights.n * sizeof(int));
	return r;
}

struct target { /* no address: the other end */
	struct sockaddr_un sun;
	socklen_t len;
};

static int put(struct fd_make *make, int fd, struct target *to, const struct packet *p,
	       size_t at, struct err *err)
{
	struct iovec iov = {(char *)p->bytes + at, p->entry.length - at};
	struct msghdr msg = {
		.msg_name = to ? &to->sun : NULL,
		.msg_namelen = to ? to->len : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	struct beside beside;

	int r = at == 0 ? add_beside(make, &p->entry, &msg, &beside, err) : 0;
	if (r < 0)
		return r;
	ssize_t n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		return fail(err, -EAGAIN,
			    "its queue is full before all is in; raise "
			    "/proc/sys/net/unix/max_dgram_qlen");
	return n < 0 ? fail_errno(err, "fill its queue") : (int)n;
}

int unix_fill_stream(struct fd_make *make, uint32_t id, int other_end, struct err *err)
{
	const struct packet *p;

	int r = queue_first(make, id, &p, err);
	for (; r >= 0 && p; p = queue_next(p)) {
		size_t at = 0;

		do { /* a packet of SOCK_SEQPACKET may be empty */
			r = put(make, other_end, NULL, p, at, err);
			at += r > 0 ? (size_t)r : 0;
		} while (r > 0 && at < p->entry.length);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

static bool is_named(const struct packet *p)
{
	return p->entry.has_sender && p->entry.sender.len > NAME_AT;
}

int unix_fill_unnamed(struct fd_make *make, const struct unix_sk *to, int other_end,
		      struct err *err)
{
	const struct packet *p;

	int r = queue_first(make, to->file->id, &p, err);
	for (; r >= 0 && p && !is_named(p); p = queue_next(p))
		r = put(make, other_end, NULL, p, 0, err);
	return r < 0 ? r : 0;
}

/* The socket of the set that has this abstract name, or -1. */
static int holder_of(const struct unix_set *set, const void *name, size_t len)
{
	for (size_t i = 0; i < set->n; i++) {
		const ProtobufCBinaryData *is = &set->sk[i].entry->name;

		if (unix_is_datagram(&set->sk[i]) && is->len == len &&
		    !memcmp(is->data, name, len) && set->sk[i].file->fd >= 0)
			return set->sk[i].file->fd;
	}
	return -1;
}

static int sender_of(const struct unix_set *set, const struct packet *p, int *ret_fd,
		     struct err *err)
{
	const unsigned char *name = p->entry.sender.data + NAME_AT;
	size_t len = is_named(p) ? p->entry.sender.len - NAME_AT : 0;
	int held = len && !name[0] ? holder_of(set, name, len) : -1;

	scoped_fd int fd =
		held >= 0 ? dup(held) : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, "a socket to fill its queue with");
	int r = held < 0 && len ? unix_bind_nowhere(fd, name, len, err) : 0;
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int send_one(struct fd_make *make, const struct unix_set *set, const struct packet *p,
		    int to, struct err *err)
{
	struct target target;
	scoped_fd int fd = -1;
	scoped_fd int file = -1;

	int r = sender_of(set, p, &fd, err);
	if (r == 0)
		r = unix_reach(to, &target.sun, &target.len, &file, err);
	return r < 0 ? r : put(make, fd, &target, p, 0, err);
}

int unix_fill_named(struct fd_make *make, const struct unix_set *set, const struct unix_sk *to,
		    int other_end, struct err *err)
{
	const struct packet *p;

	int r = queue_first(make, to->file->id, &p, err);
	if (other_end >= 0) /* those were sent by unix_fill_unnamed() */
		while (r >= 0 && p && !is_named(p))
			p = queue_next(p);
	for (; r >= 0 && p; p = queue_next(p))
		r = other_end >= 0 ? put(make, other_end, NULL, p, 0, err)
				   : send_one(make, set, p, to->file->fd, err);
	return r < 0 ? r : 0;
}
