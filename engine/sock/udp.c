/* udp.c - UDP over IPv4 and IPv6
 *
 * Seen   getsockname(2), getpeername(2); NETLINK_SOCK_DIAG: shutdown; the queue by SO_PEEK_OFF,
 *        which takes nothing out (queue.h)
 * Made   Bound, filled, connected.  What waits is sent again by its senders' addresses, through
 *        a raw socket: so senders may be anybody (udp_queue.c).
 * Lost   which interface a datagram came by, its time to live and time of arrival; how far
 *        datagrams were merged (UDP_GRO).
 * Refused  a datagram begun and not sent yet (UDP_CORK, MSG_MORE); an error that waits to be
 *        read; a tunnel of the kernel (UDP_ENCAP).
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/sock/inet.h"
#include "engine/sock/multicast.h"
#include "engine/sock/options.h"
#include "engine/sock/queue.h"
#include "engine/sock/sock.h"
#include "engine/sock/udp_queue.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { LOOKS = 10, PAUSE_US = 1000 };

static bool udp_match(const struct open_file *file)
{
	return sock_is(file, AF_INET, SOCK_DGRAM, IPPROTO_UDP) ||
	       sock_is(file, AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
}

static bool udp_made_by(const FileEntry *entry)
{
	return entry->isk && entry->isk->type == SOCK_DGRAM && entry->isk->proto == IPPROTO_UDP;
}

/* What is on its way in a device is gone in a moment, what was begun by MSG_MORE stays. */
static int check_whole(const struct open_file *file, struct err *err)
{
	int bytes = 0;

	for (int i = 0; i < LOOKS; i++) {
		if (ioctl(file->fd, SIOCOUTQ, &bytes) < 0)
			return fail_errno(err, "SIOCOUTQ");
		if (bytes == 0)
			return 0;
		usleep(PAUSE_US);
	}
	return refuse(err,
		      "%s: UDP datagram was begun and is not sent yet; try again when it is",
		      file->link);
}

static int check_plain(const struct open_file *file, struct err *err)
{
	int encap = 0;
	socklen_t len = sizeof(encap);

	if (getsockopt(file->fd, IPPROTO_UDP, UDP_ENCAP, &encap, &len) == 0 && encap)
		return refuse(err,
			      "%s: UDP socket is the kernel's tunnel; close it before the "
			      "checkpoint",
			      file->link);
	if (sock_has_error(file->fd))
		return refuse(err,
			      "%s: UDP socket has an error to be read (SO_ERROR); try again",
			      file->link);
	return check_whole(file, err);
}

static int note_shutdown(struct fd_dump *dump, InetSkEntry *e, struct err *err)
{
	const struct netdiag_inet_list *list = NULL;

	int r = sock_seen_inet(dump, (int)e->family, IPPROTO_UDP, &list, err);
	const struct netdiag_inet *s = r < 0 ? NULL : netdiag_inet_find(list, e->ino);
	if (!s)
		return r;
	e->state = s->state;
	e->has_shutdown = s->shutdown != 0;
	e->shutdown = (SkShutdown)s->shutdown;
	return 0;
}

static int udp_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	int r = inet_dump(dump, file, err);

	if (r == 0)
		r = check_plain(file, err);
	if (r == 0)
		r = multicast_dump(dump->model->arena, file, err);
	if (r == 0)
		r = note_shutdown(dump, file->entry->isk, err);
	return r < 0 ? r : queue_dump(dump, file, QUEUE_PACKETS, err);
}

static int bind_shared(int fd, const InetSkEntry *e, struct err *err)
{
	const int yes = 1;

	/* others of the port are there already; options_restore() sets what it was */
	if (e->opts->reuseaddr &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
		return fail_errno(err, "set SO_REUSEADDR");
	return inet_bind(fd, e, err);
}

static int connect_again(int fd, const InetSkEntry *e, struct err *err)
{
	union inet_address to;
	char text[INET_TEXT];

	if (!inet_destination(e, &to))
		return 0;
	if (connect(fd, &to.sa, inet_len(&to)) < 0)
		return fail_errno(err, "connect to %s", inet_text(&to, text));
	if (e->shutdown && shutdown(fd, (int)e->shutdown - 1) < 0)
		return fail_errno(err, "shutdown");
	return 0;
}

static int udp_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
		       struct err *err)
{
	const InetSkEntry *e = file->entry->isk;
	scoped_fd int fd = -1;

	int r = inet_new(e, &fd, err);
	if (r == 0)
		r = bind_shared(fd, e, err);
	if (r == 0)
		options_make_room(fd);
	if (r == 0)
		r = udp_fill(make, file, fd, err);
	if (r == 0)
		r = connect_again(fd, e, err);
	if (r == 0)
		r = multicast_restore(fd, e, err);
	if (r == 0)
		r = inet_finish(make, fd, e, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

const struct fd_kind fd_udp = {
	.name = "UDP socket",
	.type = FD_TYPES__INETSK,
	.match = udp_match,
	.made_by = udp_made_by,
	.dump = udp_dump,
	.restore = udp_restore,
};
