/* test-sock-rights.c - descriptors in flight: files that only a message has */
#include <sys/eventfd.h>

#include "tests/unit/socks.h"

static void put_fds(int fd, const char *text, const int *fds, size_t n)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = {0}, copy[64];
	struct iovec iov = {copy, strlen(text)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	strcpy(copy, text);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	check(sendmsg(fd, &msg, 0) == (ssize_t)strlen(text));
}

/* Returns the number of descriptors that came with exactly these bytes. */
static size_t holds_fds(int fd, const char *text, int *ret)
{
	char control[CMSG_SPACE(8 * sizeof(int))], got[64];
	struct iovec iov = {got, sizeof(got)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};

	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (n != (ssize_t)strlen(text))
		printf("# %zd bytes: %.*s\n", n, n > 0 ? (int)n : 0, got);
	check(n == (ssize_t)strlen(text));
	check(!memcmp(got, text, strlen(text)));
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c)
		return 0;
	memcpy(ret, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void keeps_descriptors_in_flight(void)
{
	int end[2], got[8];
	struct world w;
	uint64_t one = 1;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, end) == 0);
	int held = eventfd(5, 0), flying = eventfd(7, 0);
	put_fds(end[0], "two", (int[]){held, flying}, 2);
	put(end[0], "none");
	put_fds(end[0], "again", (int[]){flying}, 1);
	close(flying);
	int next = dup(held);
	close(next);
	SEE(&w, end[0], end[1], held);
	world_ok(&w, dump_all(&w));
	check(w.seen.n_files == 4); /* one that only messages have */
	carry_seen(&w, (int[]){end[0], end[1], held}, 3);
	int b = world_fd(&w, 2);
	check(holds_fds(b, "two", got) == 2);
	check(write(got[0], &one, 8) == 8 && read(world_fd(&w, 3), &one, 8) == 8 && one == 6);
	check(holds_fds(b, "none", got + 2) == 0);
	check(holds_fds(b, "again", got + 2) == 1);
	one = 1;
	check(write(got[2], &one, 8) == 8 && read(got[1], &one, 8) == 8 && one == 8);
}

static void keeps_the_place_of_descriptors_in_a_stream(void)
{
	int end[2], got[8];
	struct world w;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	put(end[0], "before ");
	put_fds(end[0], "with", (int[]){end[0], end[1]}, 2);
	put(end[0], " after");
	put_fds(end[0], "!", (int[]){0}, 1);
	CARRY(&w, end[0], end[1]);
	int b = world_fd(&w, 2);
	char part[8];
	check(recv(b, part, 7, 0) == 7 && !memcmp(part, "before ", 7));
	check(holds_fds(b, "with", got) == 2);
	put(got[1], "by the one that flew");
	arrives(world_fd(&w, 1), "by the one that flew");
	check(holds_fds(b, " after!", got) == 1);
}

RUN(TEST(keeps_descriptors_in_flight), TEST(keeps_the_place_of_descriptors_in_a_stream))
