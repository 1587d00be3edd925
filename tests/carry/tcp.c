/* tcp.c - TCP inside the container: who listens, who is connected, what was not read */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/carry/carry.h"

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

static void put(int fd, const char *text)
{
	check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void arrives(int fd, const char *text)
{
	char got[256];

	check(recv(fd, got, strlen(text), MSG_WAITALL) == (ssize_t)strlen(text));
	check(!memcmp(got, text, strlen(text)));
}

static void ends(int fd)
{
	char byte;

	check(recv(fd, &byte, 1, 0) == 0);
}

static int listening(int family, int port)
{
	union address a = address(family, port);
	const int on = 1;
	int fd = socket(family, SOCK_STREAM, 0);

	check(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	if (bind(fd, &a.sa, sizeof(a)) && family == AF_INET6)
		skip("no IPv6 in the container");
	check(!listen(fd, 16));
	return fd;
}

static int client(int family, int port)
{
	union address a = address(family, port);
	int fd = socket(family, SOCK_STREAM, 0);

	check(!connect(fd, &a.sa, sizeof(a)));
	return fd;
}

static int state(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	check(!getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len));
	return info.tcpi_state;
}

static void comes_to(int fd, int wanted)
{
	for (int i = 0; i < 200 && state(fd) != wanted; i++)
		usleep(10000);
	check(state(fd) == wanted);
}

static void accepts_clients_that_come_later(void)
{
	int l = listening(AF_INET, 8001);

	carried();
	int c = client(AF_INET, 8001), s = accept(l, NULL, NULL);
	put(c, "hello");
	arrives(s, "hello");
}

static void keeps_a_connection(int family, int port)
{
	int l = listening(family, port), c = client(family, port), s = accept(l, NULL, NULL);

	put(c, "unread request");
	put(s, "unread answer");
	carried();
	arrives(s, "unread request");
	arrives(c, "unread answer");
	for (int i = 0; i < 3; i++) {
		put(c, "more");
		arrives(s, "more");
		put(s, "back");
		arrives(c, "back");
	}
	int d = client(family, port), t = accept(l, NULL, NULL);
	put(d, "a new one");
	arrives(t, "a new one");
	close(c);
	ends(s);
}

static void keeps_a_connection_over_ipv4(void)
{
	keeps_a_connection(AF_INET, 8002);
}

static void keeps_a_connection_over_ipv6(void)
{
	keeps_a_connection(AF_INET6, 8003);
}

static void a_client(void)
{
	int fd = client(AF_INET, 8004);

	put(fd, "ping");
	other_carried();
	arrives(fd, "pong");
	put(fd, "bye");
}

static void keeps_a_connection_between_processes(void)
{
	struct epoll_event event = {.events = EPOLLIN}, got;
	int l = listening(AF_INET, 8004), epoll = epoll_create1(0);
	struct other child = other_start(a_client);
	int s = accept(l, NULL, NULL);

	arrives(s, "ping");
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event));
	carried();
	check(epoll_wait(epoll, &got, 1, 0) == 0);
	put(s, "pong");
	other_ends_well(&child);
	check(epoll_wait(epoll, &got, 1, 1000) == 1);
	arrives(s, "bye");
	ends(s);
}

static void keeps_full_queues(void)
{
	static char sent[4 << 20], got[4 << 20];
	size_t n = 0;
	int l = listening(AF_INET, 8005), c = client(AF_INET, 8005), s = accept(l, NULL, NULL);

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 263);
	for (ssize_t r; (r = send(c, sent + n, sizeof(sent) - n, MSG_DONTWAIT)) > 0;)
		n += (size_t)r;
	check(n > 100000);
	carried();
	check(recv(s, got, n, MSG_WAITALL) == (ssize_t)n && !memcmp(sent, got, n));
}

static void keeps_a_half_closed_connection(void)
{
	int l = listening(AF_INET, 8006), c = client(AF_INET, 8006), s = accept(l, NULL, NULL);

	put(c, "last words");
	check(!shutdown(c, SHUT_WR));
	comes_to(s, TCP_CLOSE_WAIT);
	carried();
	arrives(s, "last words");
	ends(s);
	put(s, "answer");
	arrives(c, "answer");
	close(s);
	ends(c);
}

static void keeps_an_end_whose_program_is_gone(void)
{
	int l = listening(AF_INET, 8007), c = client(AF_INET, 8007), s = accept(l, NULL, NULL);

	put(c, "testament");
	close(c);
	comes_to(s, TCP_CLOSE_WAIT);
	carried();
	arrives(s, "testament");
	ends(s);
}

static void keeps_connections_that_wait(void)
{
	int l = listening(AF_INET, 8008), c = client(AF_INET, 8008);

	carried();
	int s = accept(l, NULL, NULL);
	put(c, "accepted");
	arrives(s, "accepted");
}

RUN(TEST(accepts_clients_that_come_later), TEST(keeps_a_connection_over_ipv4),
    TEST(keeps_a_connection_over_ipv6), TEST(keeps_a_connection_between_processes),
    TEST(keeps_full_queues), TEST(keeps_a_half_closed_connection),
    TEST(keeps_an_end_whose_program_is_gone), TEST(keeps_connections_that_wait))
