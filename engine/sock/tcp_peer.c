#include <string.h>

#include "engine/sock/inet.h"
#include "engine/sock/sock.h"
#include "engine/sock/tcp.h"
#include "engine/sock/tcp_peer.h"
#include "runtime/base/err.h"

static struct inet_plain plain_of(const struct netdiag_inet *s, const struct in6_addr *addr,
				  uint16_t port)
{
	union inet_address a = {0};

	a.sa.sa_family = s->family;
	if (s->family == AF_INET)
		memcpy(&a.in.sin_addr, addr, sizeof(a.in.sin_addr));
	else
		a.in6.sin6_addr = *addr;
	struct inet_plain p = inet_plain(&a);
	p.port = port;
	return p;
}

static const struct netdiag_inet *find(const struct netdiag_inet_list *list,
				       const struct inet_plain *src,
				       const struct inet_plain *dst)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct netdiag_inet *s = &list->sock[i];
		struct inet_plain from = plain_of(s, &s->src, s->src_port);
		struct inet_plain to = plain_of(s, &s->dst, s->dst_port);

		if (s->state != NETDIAG_LISTEN && inet_same(&from, src) && inet_same(&to, dst))
			return s;
	}
	return NULL;
}

/* Either end may be an IPv4 socket, or an IPv6 one with mapped addresses. */
static int find_both(struct fd_dump *dump, const struct inet_plain *src,
		     const struct inet_plain *dst, const struct netdiag_inet **ret,
		     struct err *err)
{
	static const int family[] = {AF_INET, AF_INET6};
	const struct netdiag_inet_list *list = NULL;

	*ret = NULL;
	for (int i = 0; i < 2 && !*ret; i++) {
		int r = sock_seen_inet(dump, family[i], IPPROTO_TCP, &list, err);
		if (r < 0)
			return r;
		*ret = find(list, src, dst);
	}
	return 0;
}

static bool is_loopback(const struct inet_plain *p)
{
	return IN6_IS_ADDR_LOOPBACK(&p->addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&p->addr) && p->addr.s6_addr[12] == 127);
}

/* Is an address that nobody has any more one of this host? */
static bool is_local(const struct inet_plain *src, const struct inet_plain *dst)
{
	return !memcmp(&src->addr, &dst->addr, sizeof(src->addr)) ||
	       (is_loopback(src) && is_loopback(dst));
}

static bool is_orphan(uint32_t state)
{
	return tcp_sent_fin(state) || state == NETDIAG_TIME_WAIT;
}

int tcp_find_peer(struct fd_dump *dump, const InetSkEntry *e, struct tcp_peer *ret,
		  struct err *err)
{
	union inet_address from, to;

	*ret = (struct tcp_peer){.place = TCP_OUTSIDE};
	if (!inet_source(e, &from) || !inet_destination(e, &to))
		return 0;
	struct inet_plain src = inet_plain(&from), dst = inet_plain(&to);
	int r = find_both(dump, &dst, &src, &ret->seen, err);
	if (r < 0)
		return r;
	if (!ret->seen) {
		if (tcp_got_fin(e->state) && is_local(&src, &dst))
			ret->place = TCP_GONE;
		return 0;
	}
	ret->file = sock_file(dump->model, ret->seen->ino);
	if (ret->file)
		ret->place = TCP_INSIDE;
	else if (ret->seen->ino == 0)
		ret->place = is_orphan(ret->seen->state) ? TCP_GONE : TCP_WAITING;
	return 0;
}

/* Does a connection that has this end arrive at a socket that listens there? */
static bool arrives_at(const struct inet_plain *end, const struct inet_plain *listens)
{
	return end->port == listens->port &&
	       (inet_is_any(listens) || !memcmp(&end->addr, &listens->addr, sizeof(end->addr)));
}

static int check_one(struct fd_dump *dump, const struct netdiag_inet *s,
		     const struct inet_plain *listens, struct err *err)
{
	struct inet_plain src = plain_of(s, &s->src, s->src_port);
	struct inet_plain dst = plain_of(s, &s->dst, s->dst_port);
	const struct netdiag_inet *from = NULL;

	/* A first half of a handshake will be repeated by whoever began it. */
	if (s->ino || is_orphan(s->state) || s->state == NETDIAG_LISTEN ||
	    s->state == NETDIAG_SYN_RECV || !arrives_at(&src, listens))
		return 0;
	int r = find_both(dump, &dst, &src, &from, err);
	if (r < 0 || (from && sock_file(dump->model, from->ino)))
		return r;
	return refuse(err,
		      "a connection from port %u waits to be accepted at port %u; try again",
		      dst.port, src.port);
}

int tcp_check_backlog(struct fd_dump *dump, const InetSkEntry *e, struct err *err)
{
	static const int family[] = {AF_INET, AF_INET6};
	const struct netdiag_inet_list *list = NULL;
	union inet_address a;

	if (!inet_source(e, &a))
		return 0;
	struct inet_plain listens = inet_plain(&a);
	for (int i = 0; i < 2; i++) {
		int r = sock_seen_inet(dump, family[i], IPPROTO_TCP, &list, err);

		for (size_t k = 0; r == 0 && k < list->n; k++)
			r = check_one(dump, &list->sock[k], &listens, err);
		if (r < 0)
			return r;
	}
	return 0;
}
