/* udp.c - UDP inside the container: addresses, connections, datagrams that wait */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/carry/carry.h"

static struct sockaddr_in address(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)port)};
}

static int bound(int port)
{
	struct sockaddr_in a = address(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	check(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static void send_to(int fd, int port, const char *text)
{
	struct sockaddr_in a = address(port);

	check(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a, sizeof(a)) ==
	      (ssize_t)strlen(text));
}

static void comes_from(int fd, int port, const char *text)
{
	struct sockaddr_in is = {0}, want = address(port);
	socklen_t len = sizeof(is);
	char got[64];

	check(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&is, &len) ==
	      (ssize_t)strlen(text));
	check(!memcmp(got, text, strlen(text)) && !memcmp(&is, &want, sizeof(want)));
}

static void keeps_datagrams_and_their_senders(void)
{
	int to = bound(8101), one = bound(8102), two = bound(8103);

	send_to(one, 8101, "first");
	send_to(two, 8101, "second");
	close(two);
	carried();
	comes_from(to, 8102, "first");
	comes_from(to, 8103, "second");
	send_to(to, 8102, "back");
	comes_from(one, 8101, "back");
}

static void stays_connected(void)
{
	struct sockaddr_in a = address(8112);
	char byte;
	int one = bound(8111), two = bound(8112), three = bound(8113);

	check(!connect(one, (struct sockaddr *)&a, sizeof(a)));
	carried();
	check(send(one, "hello", 5, 0) == 5);
	comes_from(two, 8111, "hello");
	send_to(three, 8111, "unheard");
	usleep(1000);
	check(recv(one, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	send_to(two, 8111, "heard");
	comes_from(one, 8112, "heard");
}

RUN(TEST(keeps_datagrams_and_their_senders), TEST(stays_connected))
