/* pipe.c - pipes and fifos: bytes, ends, who waits */
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

static void put(int fd, const char *text)
{
	check(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void holds(int fd, const char *text)
{
	char got[256];
	ssize_t n = read(fd, got, sizeof(got));

	check(n == (ssize_t)strlen(text) && !memcmp(got, text, strlen(text)));
}

static int end[2];

static void keeps_unread_bytes(void)
{
	check(!pipe(end));
	put(end[1], "unread");
	carried();
	holds(end[0], "unread");
	put(end[1], "new");
	holds(end[0], "new");
}

static void a_reader_that_waits(void)
{
	other_carried();
	holds(end[0], "from the parent");
}

static void keeps_a_pipe_between_two_processes(void)
{
	check(!pipe(end));
	struct other child = other_start(a_reader_that_waits);

	close(end[0]);
	carried();
	put(end[1], "from the parent");
	other_ends_well(&child);
	signal(SIGPIPE, SIG_IGN);
	check(write(end[1], "x", 1) < 0 && errno == EPIPE); /* no end is left over */
}

static void goes_on_waiting_for_bytes(void)
{
	check(!pipe(end));
	pid_t child = fork();

	if (!child) {
		char got[8];
		close(end[1]);
		check(read(end[0], got, sizeof(got)) == 4);
		_exit(memcmp(got, "late", 4) != 0);
	}
	usleep(20000);
	carried();
	usleep(20000);
	put(end[1], "late");
	int status;
	check(waitpid(child, &status, 0) == child && status == 0);
}

static void stays_half_closed(void)
{
	int none[2];
	struct pollfd p;

	check(!pipe(end) && !pipe(none));
	put(end[1], "last");
	close(end[1]);
	close(none[0]);
	carried();
	holds(end[0], "last");
	holds(end[0], "");
	p = (struct pollfd){.fd = none[1]};
	check(poll(&p, 1, 0) == 1 && (p.revents & POLLERR));
}

static void keeps_packets_and_size(void)
{
	check(!pipe2(end, O_DIRECT) && fcntl(end[1], F_SETPIPE_SZ, 1 << 18) == 1 << 18);
	put(end[1], "one");
	put(end[1], "two");
	carried();
	holds(end[0], "one");
	holds(end[0], "two");
	check(fcntl(end[0], F_GETPIPE_SZ) == 1 << 18);
	check(fcntl(end[1], F_GETFL) & O_DIRECT);
}

static void keeps_a_fifo_with_bytes(void)
{
	check(mkfifo("/tmp/fifo", 0600) == 0);
	int r = open("/tmp/fifo", O_RDONLY | O_NONBLOCK), w = open("/tmp/fifo", O_WRONLY);
	put(w, "queued");
	carried();
	holds(r, "queued");
	put(w, "more");
	holds(r, "more");
	close(w);
	holds(r, "");
	w = open("/tmp/fifo", O_WRONLY);
	put(w, "by path");
	holds(r, "by path");
}

static void keeps_a_fifo_that_waits_for_its_first_writer(void)
{
	struct pollfd p;

	check(mkfifo("/tmp/first", 0600) == 0);
	p = (struct pollfd){.fd = open("/tmp/first", O_RDONLY | O_NONBLOCK), .events = POLLIN};
	carried();
	check(poll(&p, 1, 0) == 0);
	int w = open("/tmp/first", O_WRONLY);
	put(w, "first");
	check(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
}

RUN(TEST(keeps_unread_bytes), TEST(keeps_a_pipe_between_two_processes),
    TEST(goes_on_waiting_for_bytes), TEST(stays_half_closed), TEST(keeps_packets_and_size),
    TEST(keeps_a_fifo_with_bytes), TEST(keeps_a_fifo_that_waits_for_its_first_writer))
