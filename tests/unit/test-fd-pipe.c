/* test-fd-pipe.c - bytes, packets, ends, and what leads out of the container */
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/unit/fds.h"

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

static void both(struct world *w, const int end[2])
{
	world_start(w);
	world_see(w, end[0]);
	world_see(w, end[1]);
	world_dump(w);
	check(!strcmp(w->seen.file[0]->kind->name, "pipe"));
	world_restore(w);
}

static void keeps_what_is_in_it_on_both_sides(void)
{
	int end[2];
	struct world w;

	check(pipe2(end, O_NONBLOCK) == 0);
	put(end[1], "unread ");
	put(end[1], "bytes");
	both(&w, end);
	holds(end[0], "unread bytes"); /* the look took nothing */
	int r = world_fd(&w, 1), wr = world_fd(&w, 2);
	holds(r, "unread bytes");
	put(wr, "and more");
	holds(r, "and more");
	check(fcntl(r, F_GETFL) == O_NONBLOCK && fcntl(wr, F_GETFL) == (O_WRONLY | O_NONBLOCK));
}

static void keeps_a_full_pipe_of_another_size(void)
{
	enum { SIZE = 256 << 10 };
	static char sent[SIZE], got[SIZE];
	int end[2];
	struct world w;

	check(pipe(end) == 0 && fcntl(end[1], F_SETPIPE_SZ, SIZE) == SIZE);
	for (int i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 7 + i / 251);
	check(write(end[1], sent, SIZE) == SIZE);
	both(&w, end);
	int r = world_fd(&w, 1);
	check(fcntl(r, F_GETPIPE_SZ) == SIZE);
	check(read(r, got, SIZE) == SIZE && !memcmp(sent, got, SIZE));
}

static void keeps_the_bounds_of_packets(void)
{
	int end[2], bytes;
	struct world w;

	check(pipe2(end, O_DIRECT) == 0);
	put(end[1], "one");
	put(end[1], "t");
	put(end[1], "three");
	both(&w, end);
	int r = world_fd(&w, 1), wr = world_fd(&w, 2);
	holds(r, "one");
	holds(r, "t");
	check(ioctl(r, FIONREAD, &bytes) == 0 && bytes == 5);
	put(wr, "4");
	holds(r, "three");
	holds(r, "4");
	check(fcntl(wr, F_GETFL) & O_DIRECT);
}

static void keeps_packets_between_stream_bytes(void)
{
	int end[2];
	struct world w;

	check(pipe2(end, O_DIRECT) == 0);
	put(end[1], "packet");
	check(fcntl(end[1], F_SETFL, 0) == 0);
	put(end[1], "stream");
	check(fcntl(end[1], F_SETFL, O_DIRECT) == 0);
	char big[4096];
	memset(big, 'x', sizeof(big));
	check(write(end[1], big, sizeof(big)) == sizeof(big));
	check(fcntl(end[1], F_SETFL, 0) == 0);
	put(end[1], "tail");
	both(&w, end);
	int r = world_fd(&w, 1);
	char got[8192];
	holds(r, "packet");
	check(read(r, got, 3) == 3 && !memcmp(got, "str", 3));
	check(read(r, got, sizeof(got)) == 3 + 4096 && !memcmp(got, "eamxxx", 6));
	holds(r, "tail");
}

static void stays_half_closed(void)
{
	int end[2], none[2];
	struct pollfd p;
	struct world w;

	check(pipe(end) == 0 && pipe(none) == 0);
	put(end[1], "last words");
	close(end[1]);
	close(none[0]);
	world_start(&w);
	world_see(&w, end[0]);
	world_see(&w, none[1]);
	w.seen.task[0]->parent = w.seen.task[0]; /* no root: no stdio */
	world_dump(&w);
	world_restore(&w);
	holds(world_fd(&w, 1), "last words");
	holds(world_fd(&w, 1), "");
	p.fd = world_fd(&w, 2);
	p.events = POLLOUT;
	check(poll(&p, 1, 0) == 1 && (p.revents & POLLERR));
}

static void keeps_descriptions_of_their_own(void)
{
	int end[2];
	char path[64];
	struct world w;

	check(pipe(end) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", end[1]);
	int second = open(path, O_WRONLY | O_NONBLOCK), twoway = open(path, O_RDWR);
	check(second >= 0 && twoway >= 0);
	put(second, "x");
	world_start(&w);
	world_see(&w, end[0]);
	world_see(&w, end[1]);
	world_see(&w, second);
	world_see(&w, twoway);
	world_dump(&w);
	world_restore(&w);
	check(fcntl(world_fd(&w, 2), F_GETFL) == O_WRONLY);
	check(fcntl(world_fd(&w, 3), F_GETFL) == (O_WRONLY | O_NONBLOCK | 0100000));
	check(fcntl(world_fd(&w, 4), F_GETFL) == (O_RDWR | 0100000));
	put(world_fd(&w, 4), "y");
	holds(world_fd(&w, 1), "xy");
}

static void keeps_who_may_open_it(void)
{
	int end[2];
	struct stat st;
	struct world w;

	if (getuid())
		skip("needs root");
	check(pipe(end) == 0 && fchown(end[0], 33, 44) == 0 && fchmod(end[0], 0620) == 0);
	both(&w, end);
	check(fstat(world_fd(&w, 2), &st) == 0);
	check(st.st_uid == 33 && st.st_gid == 44 && (st.st_mode & 07777) == 0620);
}

static void refuses_an_end_whose_other_end_is_outside(void)
{
	int end[2];
	struct world w;
	char want[256];

	check(pipe(end) == 0);
	world_start(&w);
	struct open_file *file = world_see(&w, end[1]);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: %s: its other end is outside of the container; close it "
		 "before the checkpoint",
		 end[1], file->link);
	world_refused(&w, want);
}

static void finds_what_stands_for_stdout_now(void)
{
	int end[2], now[2];
	struct world w;

	check(pipe(end) == 0 && pipe(now) == 0 && dup2(end[1], 1) == 1);
	world_start(&w);
	struct open_file *file = world_see(&w, 1);
	world_dump(&w);
	check(w.dump.n_stdio == 1 && w.dump.stdio[0].num == 1);
	check(!strcmp(w.dump.stdio[0].link, file->link));
	w.stdio_now[1] = now[1];
	world_restore(&w);
	put(world_fd(&w, 1), "out");
	holds(now[0], "out");
}

static void refuses_stdin_that_is_not_read_yet(void)
{
	int end[2];
	struct world w;

	check(pipe(end) == 0 && dup2(end[0], 0) == 0);
	put(end[1], "typed");
	world_start(&w);
	world_see(&w, 0);
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
	check(strstr(world_why(&w), "5 bytes from outside of the container are not read yet"));
}

RUN(TEST(keeps_what_is_in_it_on_both_sides), TEST(keeps_a_full_pipe_of_another_size),
    TEST(keeps_the_bounds_of_packets), TEST(keeps_packets_between_stream_bytes),
    TEST(stays_half_closed), TEST(keeps_descriptions_of_their_own), TEST(keeps_who_may_open_it),
    TEST(refuses_an_end_whose_other_end_is_outside), TEST(finds_what_stands_for_stdout_now),
    TEST(refuses_stdin_that_is_not_read_yet))
