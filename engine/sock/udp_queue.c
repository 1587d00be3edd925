/* udp_queue.c - datagrams made by hand, so that they come from where they came from
 *
 * Kernel  raw(7): with IPPROTO_RAW the IP header is ours, but for the checksum of IPv4.  What is
 *         sent to an address of this host comes back by the loopback interface with the route
 *         of the sender, so its source is not doubted.  UDP over IPv4 may go without checksum.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/sock/inet.h"
#include "engine/sock/queue.h"
#include "engine/sock/udp_queue.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { HOPS = 64, WAITS = 200, WAIT_US = 1000, MEMINFO_WORDS = 16 };

struct datagram {
	struct inet_plain from, to;
	const struct packet *packet;
	char *data;
	size_t len;
};

static uint32_t sum(uint32_t so_far, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		so_far += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return so_far;
}

static uint16_t folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s == 0xffff ? 0xffff : (uint16_t)~s; /* 0 would be "no checksum" */
}

static void put_udp(struct datagram *d, size_t at)
{
	struct udphdr udp = {
		.source = htons(d->from.port),
		.dest = htons(d->to.port),
		.len = htons((uint16_t)(sizeof(udp) + d->packet->entry.length)),
	};

	memcpy(d->data + at, &udp, sizeof(udp));
	memcpy(d->data + at + sizeof(udp), d->packet->bytes, d->packet->entry.length);
}

static void put_ipv4(struct datagram *d)
{
	const struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = HOPS,
		.protocol = IPPROTO_UDP,
		.saddr = d->from.addr.s6_addr32[3],
		.daddr = d->to.addr.s6_addr32[3],
	};

	memcpy(d->data, &ip, sizeof(ip));
	put_udp(d, sizeof(ip));
}

static void put_ipv6(struct datagram *d)
{
	size_t len = d->len - sizeof(struct ip6_hdr);
	const struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hops = HOPS,
		.ip6_src = d->from.addr,
		.ip6_dst = d->to.addr,
	};
	struct udphdr *udp = (struct udphdr *)(d->data + sizeof(ip));

	memcpy(d->data, &ip, sizeof(ip));
	put_udp(d, sizeof(ip));
	uint32_t s = sum(IPPROTO_UDP + (uint32_t)len, &d->from.addr, sizeof(d->from.addr));
	s = sum(s, &d->to.addr, sizeof(d->to.addr));
	udp->check = htons(folded(sum(s, udp, len)));
}

static int send_raw(struct datagram *d, struct err *err)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&d->to.addr);
	union inet_address to = {.sa.sa_family = v4 ? AF_INET : AF_INET6};

	d->len = (v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr)) + sizeof(struct udphdr) +
		 d->packet->entry.length;
	scoped_free char *data = calloc(1, d->len);
	scoped_fd int fd = socket(to.sa.sa_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (!data)
		return fail(err, -ENOMEM, "no memory for %zu bytes", d->len);
	if (fd < 0)
		return fail_errno(err, "raw socket");
	d->data = data;
	if (v4) {
		to.in.sin_addr.s_addr = d->to.addr.s6_addr32[3];
		put_ipv4(d);
	} else {
		to.in6.sin6_addr = d->to.addr;
		put_ipv6(d);
	}
	if (sendto(fd, data, d->len, 0, &to.sa, inet_len(&to)) < 0)
		return fail_errno(err, "send a datagram again");
	return 0;
}

/* Memory that the queue takes: grows with every datagram, an empty one too. */
static uint32_t queued(int fd)
{
	uint32_t word[MEMINFO_WORDS] = {0};
	socklen_t len = sizeof(word);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, word, &len) < 0 ? 0 : word[0];
}

static int send_and_wait(struct datagram *d, int fd, struct err *err)
{
	uint32_t before = queued(fd);

	int r = send_raw(d, err);
	for (int i = 0; r == 0 && i < WAITS; i++) {
		if (queued(fd) > before)
			return 0;
		usleep(WAIT_US);
	}
	return r < 0 ? r : fail(err, -EIO, "a datagram that was sent again did not arrive");
}

/* Where it is sent: the address that the socket is bound to, or any of this host. */
static int destination(int fd, const struct inet_plain *from, struct inet_plain *ret,
		       struct err *err)
{
	union inet_address a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) < 0)
		return fail_errno(err, "getsockname");
	*ret = inet_plain(&a);
	if (!inet_is_any(ret))
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&from->addr)) {
		ret->addr = from->addr;
		ret->addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
	} else {
		ret->addr = in6addr_loopback;
	}
	return 0;
}

static int fill_one(const struct packet *p, int fd, struct err *err)
{
	struct datagram d = {.packet = p};
	union inet_address from = {0};

	if (!p->entry.has_sender || p->entry.sender.len > sizeof(from) ||
	    p->entry.sender.len < sizeof(from.in) || p->entry.length > UINT16_MAX)
		return fail(err, -EPROTO, "a datagram of %u bytes without a sender",
			    p->entry.length);
	memcpy(&from, p->entry.sender.data, p->entry.sender.len);
	d.from = inet_plain(&from);
	int r = destination(fd, &d.from, &d.to, err);
	return r < 0 ? r : send_and_wait(&d, fd, err);
}

int udp_fill(struct fd_make *make, const struct open_file *file, int fd, struct err *err)
{
	const struct packet *p;

	int r = queue_first(make, file->id, &p, err);
	for (; r == 0 && p; p = queue_next(p))
		r = fill_one(p, fd, err);
	return r;
}
