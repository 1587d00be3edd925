/* unix_pair.c - socketpair(2) among processes: what waits in it, what is closed, who shares it */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/carry/carry.h"

static void put(int fd, const char *text)
{
	check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void arrives(int fd, const char *text)
{
	char got[256];

	check(recv(fd, got, sizeof(got), 0) == (ssize_t)strlen(text));
	check(!memcmp(got, text, strlen(text)));
}

static int end[2], done[2], mine[2];

static void a_child_at_the_other_end(void)
{
	put(end[1], "before");
	other_carried();
	arrives(end[1], "down");
	put(end[1], "up");
}

static void keeps_a_stream_between_parent_and_child(void)
{
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	struct other child = other_start(a_child_at_the_other_end);
	put(end[0], "down");
	carried();
	arrives(end[0], "before");
	other_ends_well(&child);
	arrives(end[0], "up");
}

static void keeps_the_bounds_of_packets(void)
{
	check(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end));
	check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, mine));
	put(end[0], "one");
	put(end[0], "");
	put(end[0], "three");
	put(mine[1], "datagram");
	put(mine[1], "another");
	carried();
	arrives(end[1], "one");
	arrives(end[1], "");
	arrives(end[1], "three");
	arrives(mine[0], "datagram");
	arrives(mine[0], "another");
	put(mine[0], "back");
	arrives(mine[1], "back");
}

static void keeps_a_full_queue(void)
{
	static char sent[1 << 20], got[1 << 20];
	size_t n = 0;

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 11 + i / 257);
	for (ssize_t r; (r = send(end[0], sent + n, sizeof(sent) - n, MSG_DONTWAIT)) > 0;)
		n += (size_t)r;
	check(n > 100000);
	carried();
	check(recv(end[1], got, n, MSG_WAITALL) == (ssize_t)n && !memcmp(sent, got, n));
	check(recv(end[1], got, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void keeps_what_is_shut_down_or_closed(void)
{
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end) &&
	      !socketpair(AF_UNIX, SOCK_STREAM, 0, done));
	put(end[0], "last words");
	check(!shutdown(end[0], SHUT_WR));
	put(done[1], "testament");
	close(done[1]);
	carried();
	arrives(end[1], "last words");
	arrives(end[1], "");
	put(end[1], "answer");
	arrives(end[0], "answer");
	arrives(done[0], "testament");
	arrives(done[0], "");
}

static void a_child_that_writes_what_its_parent_opened(void)
{
	other_carried();
	put(end[0], "from the child");
}

static void shares_one_socket_among_processes_and_numbers(void)
{
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	int again = dup(end[0]);
	struct other child = other_start(a_child_that_writes_what_its_parent_opened);
	carried();
	check(!fcntl(again, F_SETFL, O_NONBLOCK));
	check(fcntl(end[0], F_GETFL) & O_NONBLOCK);
	close(end[0]);
	other_ends_well(&child);
	arrives(end[1], "from the child");
	put(again, "from the other number");
	arrives(end[1], "from the other number");
	close(again);
	arrives(end[1], ""); /* nobody else has it */
}

static void wakes_who_waits_for_it(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77}, got;
	int epoll = epoll_create1(0);

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, end[1], &event));
	carried();
	check(epoll_wait(epoll, &got, 1, 0) == 0);
	put(end[0], "wake up");
	check(epoll_wait(epoll, &got, 1, 1000) == 1 && got.data.u64 == 77);
}

static void a_child_blocked_in_recv(void)
{
	char got[16];

	check(write(other_me.up[1], "", 1) == 1);
	check(recv(end[1], got, sizeof(got), 0) == 2 && !memcmp(got, "go", 2));
	check(read(other_me.on[0], got, 1) == 1);
}

static void lets_one_go_on_that_was_blocked_in_it(void)
{
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end));
	struct other child = other_start(a_child_blocked_in_recv);
	usleep(20000);
	carried();
	put(end[0], "go");
	other_ends_well(&child);
}

static void tells_who_sent_a_message(void)
{
	const int on = 1;
	char got[16], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = {got, sizeof(got)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct ucred creds;

	check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, end));
	check(!setsockopt(end[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	struct other child = other_start(a_child_at_the_other_end);
	carried();
	check(recvmsg(end[0], &msg, 0) == 6 && CMSG_FIRSTHDR(&msg));
	check(CMSG_FIRSTHDR(&msg)->cmsg_type == SCM_CREDENTIALS);
	memcpy(&creds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(creds));
	check(creds.pid == child.pid && creds.uid == 0);
	put(end[0], "down");
	other_ends_well(&child);
}

static void fly(int fd, const int *fds, size_t n)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = {0}, byte = 'f';
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	check(sendmsg(fd, &msg, 0) == 1);
}

static void land(int fd, int *ret, size_t n)
{
	char control[CMSG_SPACE(4 * sizeof(int))], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};

	check(recvmsg(fd, &msg, 0) == 1 && byte == 'f');
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	check(c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(n * sizeof(int)));
	memcpy(ret, CMSG_DATA(c), n * sizeof(int));
}

static void keeps_descriptors_in_flight(void)
{
	int tube[2], inner[2], got[3];
	char text[16];
	int file = open("/tmp/flies", O_CREAT | O_RDWR, 0600);

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, end) && !pipe(tube));
	check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, inner));
	check(file >= 0 && write(file, "contents", 8) == 8 && lseek(file, 3, SEEK_SET) == 3);
	put(inner[0], "in a socket in flight");
	put(end[0], "before");
	fly(end[0], (int[]){file, tube[1], inner[1]}, 3);
	close(file);
	close(tube[1]);
	close(inner[1]);
	carried();
	check(recv(end[1], text, 6, 0) == 6 && !memcmp(text, "before", 6));
	land(end[1], got, 3);
	check(read(got[0], text, sizeof(text)) == 5 && !memcmp(text, "tents", 5));
	check(write(got[1], "x", 1) == 1 && read(tube[0], text, 1) == 1);
	arrives(got[2], "in a socket in flight");
	close(got[1]);
	check(read(tube[0], text, 1) == 0); /* nobody else has it */
}

RUN(TEST(keeps_a_stream_between_parent_and_child), TEST(keeps_the_bounds_of_packets),
    TEST(keeps_a_full_queue), TEST(keeps_what_is_shut_down_or_closed),
    TEST(shares_one_socket_among_processes_and_numbers), TEST(wakes_who_waits_for_it),
    TEST(lets_one_go_on_that_was_blocked_in_it), TEST(tells_who_sent_a_message),
    TEST(keeps_descriptors_in_flight))
