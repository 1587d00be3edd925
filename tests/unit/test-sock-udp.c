/* test-sock-udp.c - bound and connected UDP sockets, what waits in them, groups */
#include <arpa/inet.h>

#include "tests/unit/socks.h"

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static union address v4(const char *text, int port)
{
	union address a = {.in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}};

	check(inet_pton(AF_INET, text, &a.in.sin_addr) == 1);
	return a;
}

static union address v6(const char *text, int port)
{
	union address a = {
		.in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}};

	check(inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1);
	return a;
}

static int bound(union address a)
{
	int fd = socket(a.sa.sa_family, SOCK_DGRAM, 0);

	loopback_up();
	check(fd >= 0 && bind(fd, &a.sa, sizeof(a)) == 0);
	return fd;
}

static void send_from(int fd, union address to, const char *text)
{
	check(sendto(fd, text, strlen(text), 0, &to.sa, sizeof(to)) == (ssize_t)strlen(text));
}

static void comes_from(int fd, const char *text, union address from)
{
	union address is = {0};
	socklen_t len = sizeof(is);
	char got[256];

	ssize_t n = recvfrom(fd, got, sizeof(got), MSG_DONTWAIT, &is.sa, &len);
	check(n == (ssize_t)strlen(text) && !memcmp(got, text, (size_t)n));
	check(!memcmp(&is, &from, len));
}

static void keeps_datagrams_and_who_sent_them(void)
{
	union address at = v4("0.0.0.0", 7101), to = v4("127.0.0.1", 7101);
	union address one = v4("127.0.0.1", 7102), gone = v4("127.0.0.9", 7103);
	struct world w;

	int fd = bound(at), a = bound(one), b = bound(gone);
	send_from(a, to, "first");
	send_from(b, to, "");
	send_from(b, to, "from one that is gone");
	send_from(a, to, "last");
	close(b);
	CARRY(&w, fd, a);
	int again = world_fd(&w, 1);
	check(!strcmp(w.seen.file[0]->kind->name, "UDP socket"));
	comes_from(again, "first", one);
	comes_from(again, "", gone);
	comes_from(again, "from one that is gone", gone);
	comes_from(again, "last", one);
	empty(again);
	send_from(world_fd(&w, 2), to, "on");
	comes_from(again, "on", one);
}

static void keeps_datagrams_over_ipv6(void)
{
	union address at = v6("::", 7111), one = v6("::1", 7112);
	struct world w;

	int fd = bound(at), a = bound(one), b = bound(v4("127.0.0.1", 7113));
	send_from(a, v6("::1", 7111), "six");
	send_from(b, v4("127.0.0.1", 7111), "four");
	CARRY(&w, fd, a, b);
	comes_from(world_fd(&w, 1), "six", one);
	comes_from(world_fd(&w, 1), "four", v6("::ffff:127.0.0.1", 7113));
}

static void takes_nothing_out_when_it_looks(void)
{
	union address at = v4("127.0.0.1", 7121);
	struct world w;

	int fd = bound(at), a = bound(v4("127.0.0.1", 7122));
	send_from(a, at, "one");
	send_from(a, at, "two");
	SEE(&w, fd);
	world_ok(&w, dump_all(&w));
	comes_from(fd, "one", v4("127.0.0.1", 7122));
	comes_from(fd, "two", v4("127.0.0.1", 7122));
	empty(fd);
}

static void stays_connected_and_hears_its_peer_only(void)
{
	union address one = v4("127.0.0.1", 7131), two = v4("127.0.0.1", 7132);
	struct world w;

	int a = bound(one), b = bound(two);
	send_from(bound(v4("127.0.0.1", 7133)), one, "before it was connected");
	check(connect(a, &two.sa, sizeof(two)) == 0);
	put(a, "waits");
	CARRY(&w, a, b);
	comes_from(world_fd(&w, 1), "before it was connected", v4("127.0.0.1", 7133));
	comes_from(world_fd(&w, 2), "waits", one);
	send_from(bound(v4("127.0.0.1", 7134)), one, "unheard");
	send_from(world_fd(&w, 2), one, "heard");
	comes_from(world_fd(&w, 1), "heard", two);
	empty(world_fd(&w, 1));
}

static void keeps_options_and_what_is_shut_down(void)
{
	union address one = v4("127.0.0.1", 7141), two = v4("127.0.0.1", 7142);
	struct world w;

	int fd = bound(one), fresh = socket(AF_INET6, SOCK_DGRAM, 0);
	set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	set_option(fd, SOL_IP, IP_PKTINFO, 1);
	set_option(fd, SOL_IP, IP_RECVTTL, 1);
	set_option(fd, SOL_IP, IP_MULTICAST_TTL, 5);
	set_option(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	set_option(fresh, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	check(connect(fd, &two.sa, sizeof(two)) == 0 && shutdown(fd, SHUT_WR) == 0);
	CARRY(&w, fd, fresh);
	int again = world_fd(&w, 1);
	check(option(again, SOL_SOCKET, SO_BROADCAST) == 1);
	check(option(again, SOL_IP, IP_PKTINFO) == 1 && option(again, SOL_IP, IP_RECVTTL) == 1);
	check(option(again, SOL_IP, IP_MULTICAST_TTL) == 5);
	check(option(again, SOL_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_DO);
	check(option(world_fd(&w, 2), SOL_IPV6, IPV6_RECVPKTINFO) == 1);
	check(send(again, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void stays_in_its_multicast_groups(void)
{
	struct ip_mreqn group = {.imr_ifindex = 1};
	struct ipv6_mreq group6 = {.ipv6mr_interface = 1};
	union address to = v4("239.1.2.3", 7151);
	struct world w;

	int fd = bound(v4("0.0.0.0", 7151)), six = bound(v6("::", 7152));
	int out = bound(v4("127.0.0.1", 7153)), other = bound(v4("0.0.0.0", 7154));
	group.imr_multiaddr = to.in.sin_addr;
	check(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0);
	check(inet_pton(AF_INET6, "ff05::77", &group6.ipv6mr_multiaddr) == 1);
	check(setsockopt(six, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &group6, sizeof(group6)) == 0);
	group.imr_multiaddr.s_addr = 0;
	check(setsockopt(out, SOL_IP, IP_MULTICAST_IF, &group, sizeof(group)) == 0);
	CARRY(&w, fd, six, other);
	check(w.seen.file[0]->entry->isk->n_group == 1);
	check(w.seen.file[1]->entry->isk->n_group == 1);
	check(w.seen.file[2]->entry->isk->n_group == 0);
	group.imr_multiaddr = to.in.sin_addr;
	/* in it already, and those that are not cannot leave */
	check(setsockopt(world_fd(&w, 1), SOL_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)) ==
	      0);
	check(setsockopt(world_fd(&w, 3), SOL_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)) <
	      0);
	check(setsockopt(world_fd(&w, 2), SOL_IPV6, IPV6_DROP_MEMBERSHIP, &group6,
			 sizeof(group6)) == 0);
}

static void refuses_a_datagram_that_is_half_written(void)
{
	union address to = v4("127.0.0.1", 7162);
	struct world w;

	int fd = bound(v4("127.0.0.1", 7161));
	check(sendto(fd, "half", 4, MSG_MORE, &to.sa, sizeof(to)) == 4);
	SEE(&w, fd);
	refused(&w, "UDP datagram was begun and is not sent yet; try again when it is");
}

static void refuses_an_error_that_waits_to_be_read(void)
{
	union address to = v4("127.0.0.1", 7172);
	struct world w;

	int fd = bound(v4("127.0.0.1", 7171));
	check(connect(fd, &to.sa, sizeof(to)) == 0);
	put(fd, "nobody is there");
	usleep(10000);
	SEE(&w, fd);
	refused(&w, "UDP socket has an error to be read (SO_ERROR); try again");
	check(recv(fd, &to, 1, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED);
}

RUN(TEST(keeps_datagrams_and_who_sent_them), TEST(keeps_datagrams_over_ipv6),
    TEST(takes_nothing_out_when_it_looks), TEST(stays_connected_and_hears_its_peer_only),
    TEST(keeps_options_and_what_is_shut_down), TEST(stays_in_its_multicast_groups),
    TEST(refuses_a_datagram_that_is_half_written), TEST(refuses_an_error_that_waits_to_be_read))
