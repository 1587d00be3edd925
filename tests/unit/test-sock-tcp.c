/* test-sock-tcp.c - listening sockets, and connections both ends of which are inside */
#include <arpa/inet.h>
#include <poll.h>

#include "tests/unit/socks.h"

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static union address address(int family, int port)
{
	union address a = {.sa.sa_family = (sa_family_t)family};

	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.in.sin_port = htons((uint16_t)port);
	} else {
		a.in6.sin6_addr = in6addr_loopback;
		a.in6.sin6_port = htons((uint16_t)port);
	}
	return a;
}

static int listening(int family, int port)
{
	union address a = address(family, port);
	int fd = socket(family, SOCK_STREAM, 0);

	loopback_up();
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	check(bind(fd, &a.sa, sizeof(a)) == 0 && listen(fd, 7) == 0);
	return fd;
}

static int client(int family, int port)
{
	union address a = address(family, port);
	int fd = socket(family, SOCK_STREAM, 0);

	check(connect(fd, &a.sa, sizeof(a)) == 0);
	return fd;
}

static void connected(int family, int port, int ret[2])
{
	int l = listening(family, port);

	ret[0] = client(family, port);
	ret[1] = accept(l, NULL, NULL);
	check(ret[1] >= 0);
	close(l);
}

static int state(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	check(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len) == 0);
	return info.tcpi_state;
}

static unsigned int segment(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	check(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len) == 0);
	return info.tcpi_snd_mss;
}

/* What the other end may send. */
static unsigned int window(int fd)
{
	struct tcp_repair_window w;
	socklen_t len = sizeof(w);

	set_option(fd, SOL_TCP, TCP_REPAIR, 1);
	check(getsockopt(fd, SOL_TCP, TCP_REPAIR_WINDOW, &w, &len) == 0);
	set_option(fd, SOL_TCP, TCP_REPAIR, -1);
	return w.rcv_wnd;
}

static int wait_for(int fd, int wanted)
{
	for (int i = 0; i < 200 && state(fd) != wanted; i++)
		usleep(10000);
	return state(fd) == wanted;
}

static void same_name(int fd, const union address *want,
		      int (*which)(int, struct sockaddr *, socklen_t *))
{
	union address is = {0};
	socklen_t len = sizeof(is);

	check(which(fd, &is.sa, &len) == 0 && !memcmp(&is, want, len));
}

static union address name(int fd, int (*which)(int, struct sockaddr *, socklen_t *))
{
	union address is = {0};
	socklen_t len = sizeof(is);

	check(which(fd, &is.sa, &len) == 0);
	return is;
}

static void listens_with_its_backlog_and_options(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct world w;

	int fd = listening(AF_INET, 7001);
	set_option(fd, SOL_TCP, TCP_DEFER_ACCEPT, 7);
	set_option(fd, SOL_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, SOL_TCP, TCP_KEEPIDLE, 77);
	set_option(fd, SOL_IP, IP_TOS, 0x10);
	set_option(fd, SOL_IP, IP_TTL, 33);
	set_option(fd, SOL_TCP, TCP_MAXSEG, 1000);
	int defer = option(fd, SOL_TCP, TCP_DEFER_ACCEPT);
	CARRY(&w, fd);
	int l = world_fd(&w, 1);
	check(!strcmp(w.seen.file[0]->kind->name, "TCP socket"));
	check(getsockopt(l, SOL_TCP, TCP_INFO, &info, &len) == 0);
	check(info.tcpi_state == TCP_LISTEN && info.tcpi_sacked == 7);
	check(option(l, SOL_SOCKET, SO_REUSEADDR) == 1);
	check(option(l, SOL_SOCKET, SO_KEEPALIVE) == 1);
	check(option(l, SOL_TCP, TCP_DEFER_ACCEPT) == defer);
	check(option(l, SOL_TCP, TCP_NODELAY) == 1 && option(l, SOL_TCP, TCP_KEEPIDLE) == 77);
	check(option(l, SOL_IP, IP_TOS) == 0x10 && option(l, SOL_IP, IP_TTL) == 33);
	check(option(l, SOL_TCP, TCP_MAXSEG) == 1000);
	set_option(l, SOL_TCP, TCP_DEFER_ACCEPT, 0);
	int c = client(AF_INET, 7001), s = accept(l, NULL, NULL);
	put(c, "hello");
	arrives(s, "hello");
}

static void keeps_both_listeners_of_a_shared_port(void)
{
	union address a = address(AF_INET, 7002);
	int fd[2];
	struct world w;

	loopback_up();
	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		set_option(fd[i], SOL_SOCKET, SO_REUSEPORT, 1);
		check(bind(fd[i], &a.sa, sizeof(a)) == 0 && listen(fd[i], 1) == 0);
	}
	CARRY(&w, fd[0], fd[1]);
	check(option(world_fd(&w, 2), SOL_SOCKET, SO_REUSEPORT) == 1);
	check(state(world_fd(&w, 1)) == TCP_LISTEN && state(world_fd(&w, 2)) == TCP_LISTEN);
}

static void keeps_sockets_that_are_not_connected(void)
{
	union address a = address(AF_INET6, 7003);
	struct world w;

	loopback_up();
	int fresh = socket(AF_INET, SOCK_STREAM, 0), bound = socket(AF_INET6, SOCK_STREAM, 0);
	set_option(bound, SOL_IPV6, IPV6_V6ONLY, 1);
	set_option(bound, SOL_IPV6, IPV6_TCLASS, 0x20);
	check(bind(bound, &a.sa, sizeof(a)) == 0);
	CARRY(&w, fresh, bound);
	check(state(world_fd(&w, 1)) == TCP_CLOSE);
	same_name(world_fd(&w, 2), &a, getsockname);
	check(option(world_fd(&w, 2), SOL_IPV6, IPV6_V6ONLY) == 1);
	check(option(world_fd(&w, 2), SOL_IPV6, IPV6_TCLASS) == 0x20);
	check(option(world_fd(&w, 2), SOL_SOCKET, SO_REUSEADDR) == 0);
	check(listen(world_fd(&w, 2), 1) == 0);
	client(AF_INET6, 7003);
}

static void carries_a_connection(int family, int port)
{
	int end[2];
	struct world w;

	connected(family, port, end);
	union address from = name(end[0], getsockname), to = name(end[0], getpeername);
	unsigned int mss = segment(end[0]), wnd = window(end[0]);
	put(end[0], "unread request");
	put(end[1], "unread answer");
	CARRY(&w, end[0], end[1]);
	int a = world_fd(&w, 1), b = world_fd(&w, 2);
	check(state(a) == TCP_ESTABLISHED && state(b) == TCP_ESTABLISHED);
	same_name(a, &from, getsockname);
	same_name(a, &to, getpeername);
	check(segment(a) >= mss && segment(b) >= mss);
	check(window(a) <= 2 * wnd && window(b) <= 2 * wnd);
	holds(b, "unread request");
	holds(a, "unread answer");
	for (int i = 0; i < 3; i++) {
		put(a, "more");
		arrives(b, "more");
		put(b, "and back");
		arrives(a, "and back");
	}
	close(a);
	ends(b);
}

static void keeps_a_connection_and_what_was_not_read(void)
{
	carries_a_connection(AF_INET, 7010);
	carries_a_connection(AF_INET6, 7011);
}

static void goes_on_after_a_checkpoint_as_before(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7012, end);
	set_option(end[0], SOL_SOCKET, SO_REUSEADDR, 1);
	put(end[0], "unread");
	SEE(&w, end[0], end[1]);
	world_ok(&w, dump_all(&w));
	undo_all(&w, false);
	check(option(end[0], SOL_TCP, TCP_REPAIR) == 0);
	check(option(end[0], SOL_SOCKET, SO_REUSEADDR) == 1);
	holds(end[1], "unread");
	put(end[1], "on");
	arrives(end[0], "on");
}

static void keeps_a_connection_to_an_ipv6_socket_over_ipv4(void)
{
	union address any = address(AF_INET6, 7013);
	struct world w;

	loopback_up();
	int l = socket(AF_INET6, SOCK_STREAM, 0);
	any.in6.sin6_addr = in6addr_any;
	set_option(l, SOL_SOCKET, SO_REUSEADDR, 1);
	check(bind(l, &any.sa, sizeof(any)) == 0 && listen(l, 5) == 0);
	int c = client(AF_INET, 7013), s = accept(l, NULL, NULL);
	union address mapped = name(s, getsockname);
	put(s, "mapped");
	CARRY(&w, s, c, l);
	same_name(world_fd(&w, 1), &mapped, getsockname);
	check(segment(world_fd(&w, 1)) > 30000 && segment(world_fd(&w, 2)) > 30000);
	holds(world_fd(&w, 2), "mapped");
	put(world_fd(&w, 2), "back");
	arrives(world_fd(&w, 1), "back");
	client(AF_INET, 7013);
}

static void keeps_full_queues_in_both_directions(void)
{
	static char sent[2][8 << 20], got[8 << 20];
	size_t n[2] = {0};
	int end[2];
	struct world w;

	connected(AF_INET, 7014, end);
	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof(sent[k]); i++)
			sent[k][i] = (char)(i * 13 + i / 509 + (size_t)k);
		for (;;) {
			ssize_t r = send(end[k], sent[k] + n[k], sizeof(sent[k]) - n[k],
					 MSG_DONTWAIT);

			if (r <= 0)
				break;
			n[k] += (size_t)r;
		}
	}
	check(n[0] > 100000 && n[0] < sizeof(sent[0]));
	CARRY(&w, end[0], end[1]);
	check(w.seen.file[0]->entry->isk->state == TCP_ESTABLISHED);
	for (int k = 0; k < 2; k++) {
		struct timeval limit = {.tv_sec = 10};
		int fd = world_fd(&w, k ? 1 : 2);

		check(fcntl(fd, F_SETFL, 0) == 0);
		check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
		check(recv(fd, got, n[k], MSG_WAITALL) == (ssize_t)n[k]);
		check(!memcmp(got, sent[k], n[k]));
		empty(fd);
	}
}

static void keeps_the_options_of_a_connection(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7015, end);
	set_option(end[0], SOL_TCP, TCP_NODELAY, 1);
	set_option(end[0], SOL_TCP, TCP_USER_TIMEOUT, 12345);
	set_option(end[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(end[0], SOL_SOCKET, SO_REUSEADDR, 1);
	set_option(end[0], SOL_SOCKET, SO_RCVBUF, 50000);
	set_option(end[1], SOL_TCP, TCP_CORK, 1);
	check(setsockopt(end[1], SOL_TCP, TCP_CONGESTION, "reno", 4) == 0);
	put(end[1], "corked");
	CARRY(&w, end[0], end[1]);
	int a = world_fd(&w, 1), b = world_fd(&w, 2);
	char text[16] = "";
	socklen_t len = sizeof(text);
	check(option(a, SOL_TCP, TCP_NODELAY) == 1 && option(b, SOL_TCP, TCP_NODELAY) == 0);
	check(option(a, SOL_TCP, TCP_USER_TIMEOUT) == 12345);
	check(option(a, SOL_SOCKET, SO_KEEPALIVE) == 1);
	check(option(a, SOL_SOCKET, SO_REUSEADDR) == 1);
	check(option(b, SOL_SOCKET, SO_REUSEADDR) == 1); /* of the listening socket */
	check(option(a, SOL_SOCKET, SO_RCVBUF) == 100000);
	check(option(b, SOL_TCP, TCP_CORK) == 1);
	check(getsockopt(b, SOL_TCP, TCP_CONGESTION, text, &len) == 0 && !strcmp(text, "reno"));
	set_option(b, SOL_TCP, TCP_CORK, 0);
	arrives(a, "corked");
}

static void keeps_a_half_closed_connection(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7016, end);
	put(end[0], "last words");
	put(end[1], "unread answer");
	check(shutdown(end[0], SHUT_WR) == 0);
	check(wait_for(end[0], TCP_FIN_WAIT2) && wait_for(end[1], TCP_CLOSE_WAIT));
	CARRY(&w, end[0], end[1]);
	int a = world_fd(&w, 1), b = world_fd(&w, 2);
	check(wait_for(a, TCP_FIN_WAIT2) && wait_for(b, TCP_CLOSE_WAIT));
	arrives(b, "last words");
	ends(b);
	check(send(a, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	arrives(a, "unread answer");
	put(b, "still");
	arrives(a, "still");
	close(b);
	ends(a);
}

static void keeps_an_end_whose_program_is_gone(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7017, end);
	put(end[0], "testament");
	close(end[0]);
	check(wait_for(end[1], TCP_CLOSE_WAIT));
	CARRY(&w, end[1]);
	int b = world_fd(&w, 1);
	check(wait_for(b, TCP_CLOSE_WAIT));
	arrives(b, "testament");
	ends(b);
}

static void keeps_connections_that_wait_for_accept(void)
{
	struct world w;

	int l = listening(AF_INET, 7018), c = client(AF_INET, 7018);
	union address from = name(c, getsockname);
	CARRY(&w, c, l);
	int s = accept(world_fd(&w, 2), NULL, NULL);
	check(s >= 0);
	same_name(world_fd(&w, 1), &from, getsockname);
	same_name(s, &from, getpeername);
	put(world_fd(&w, 1), "accepted");
	arrives(s, "accepted");
}

static void refuses_what_was_sent_before_accept(void)
{
	struct world w;

	int l = listening(AF_INET, 7019), c = client(AF_INET, 7019);
	put(c, "early");
	SEE(&w, l, c);
	refused(&w, "127.0.0.1:7019: has sent data and is not accepted yet; try again");
	arrives(accept(l, NULL, NULL), "early");
}

static void refuses_a_connection_to_the_outside(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7020, end);
	SEE(&w, end[0]);
	refused(&w,
		"127.0.0.1:7020 leads out of the container; close it before the checkpoint");
	check(option(end[0], SOL_TCP, TCP_REPAIR) == 0);
	put(end[0], "on");
	arrives(end[1], "on");
}

static void refuses_a_connection_from_outside_that_waits(void)
{
	struct world w;

	int l = listening(AF_INET, 7021), c = client(AF_INET, 7021);
	check(c >= 0);
	SEE(&w, l);
	refused(&w, "waits to be accepted at port 7021; try again");
}

static void refuses_urgent_data(void)
{
	int end[2];
	struct world w;

	connected(AF_INET, 7022, end);
	check(send(end[0], "!", 1, MSG_OOB) == 1);
	usleep(10000);
	SEE(&w, end[1], end[0]);
	refused(&w, "urgent data wait to be read; read them first");
}

static void refuses_one_that_was_broken_off(void)
{
	struct linger now = {1, 0};
	int end[2];
	struct world w;

	connected(AF_INET, 7023, end);
	check(setsockopt(end[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
	close(end[0]);
	check(wait_for(end[1], TCP_CLOSE));
	SEE(&w, end[1]);
	refused(&w, "TCP connection was broken off, which the program has to notice; close it");
}

RUN(TEST(listens_with_its_backlog_and_options), TEST(keeps_both_listeners_of_a_shared_port),
    TEST(keeps_sockets_that_are_not_connected), TEST(keeps_a_connection_and_what_was_not_read),
    TEST(goes_on_after_a_checkpoint_as_before),
    TEST(keeps_a_connection_to_an_ipv6_socket_over_ipv4),
    TEST(keeps_full_queues_in_both_directions), TEST(keeps_the_options_of_a_connection),
    TEST(keeps_a_half_closed_connection), TEST(keeps_an_end_whose_program_is_gone),
    TEST(keeps_connections_that_wait_for_accept), TEST(refuses_what_was_sent_before_accept),
    TEST(refuses_a_connection_to_the_outside),
    TEST(refuses_a_connection_from_outside_that_waits), TEST(refuses_urgent_data),
    TEST(refuses_one_that_was_broken_off))
