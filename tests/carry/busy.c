/* busy.c - connections that are full of traffic when they are carried lose and repeat nothing */
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/carry/carry.h"

enum { PAIRS = 8, CHUNK = 7001 };

/* What the test and its children say to each other, in shared memory. */
struct board {
	volatile int stop;            /* writers: finish what you are at */
	volatile long carried[PAIRS]; /* bytes that were checked */
	volatile long wrong;
};

static struct board *board;

static unsigned char byte_at(long n, int pair)
{
	return (unsigned char)(n * 31 + n / 251 + pair);
}

static void writes(int fd, int pair)
{
	unsigned char data[CHUNK];
	long n = 0;

	while (!board->stop) {
		for (int i = 0; i < CHUNK; i++)
			data[i] = byte_at(n + i, pair);
		for (int at = 0; at < CHUNK;) {
			ssize_t r = send(fd, data + at, (size_t)(CHUNK - at), MSG_NOSIGNAL);

			if (r <= 0)
				_exit(1);
			at += (int)r;
		}
		n += CHUNK;
	}
	_exit(shutdown(fd, SHUT_WR) < 0);
}

static void reads(int fd, int pair)
{
	unsigned char data[CHUNK];
	long n = 0;
	ssize_t r;

	while ((r = recv(fd, data, sizeof(data), 0)) > 0) {
		for (int i = 0; i < r; i++)
			if (data[i] != byte_at(n + i, pair))
				board->wrong++;
		n += r;
		board->carried[pair] = n;
	}
	_exit(r < 0 || n == 0 || n % CHUNK != 0);
}

static pid_t spawn(void (*body)(int, int), int fd, int close_fd, int pair)
{
	fflush(stdout);
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		close(close_fd);
		body(fd, pair);
	}
	return pid;
}

/* Both ends write and read all the time, each in a process of its own. */
static void stays_whole(int pairs[PAIRS][2])
{
	pid_t pid[PAIRS][4];
	int status;

	for (int i = 0; i < PAIRS; i++) {
		pid[i][0] = spawn(writes, pairs[i][0], pairs[i][1], i);
		pid[i][1] = spawn(reads, pairs[i][1], pairs[i][0], i);
		if (i % 2) {
			close(pairs[i][0]);
			close(pairs[i][1]);
		}
	}
	usleep(30000);
	carried();
	long before[PAIRS];
	for (int i = 0; i < PAIRS; i++)
		before[i] = board->carried[i];
	for (int i = 0; i < PAIRS; i++)
		for (int k = 0; board->carried[i] < before[i] + 10 * CHUNK; k++) {
			check(k < 500);
			usleep(10000);
		}
	board->stop = 1;
	for (int i = 0; i < PAIRS; i++)
		for (int k = 0; k < 2; k++) {
			check(waitpid(pid[i][k], &status, 0) == pid[i][k]);
			check(status == 0);
		}
	check(board->wrong == 0);
}

static void set_up(void)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	check(board != MAP_FAILED);
}

static void tcp_loses_and_repeats_nothing(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons(8201)};
	int l = socket(AF_INET, SOCK_STREAM, 0), pairs[PAIRS][2];

	set_up();
	check(!bind(l, (struct sockaddr *)&a, sizeof(a)) && !listen(l, PAIRS));
	for (int i = 0; i < PAIRS; i++) {
		pairs[i][0] = socket(AF_INET, SOCK_STREAM, 0);
		check(!connect(pairs[i][0], (struct sockaddr *)&a, sizeof(a)));
		pairs[i][1] = accept(l, NULL, NULL);
	}
	stays_whole(pairs);
}

static void unix_streams_lose_and_repeat_nothing(void)
{
	int pairs[PAIRS][2];

	set_up();
	for (int i = 0; i < PAIRS; i++)
		check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
	stays_whole(pairs);
}

RUN(TEST(tcp_loses_and_repeats_nothing), TEST(unix_streams_lose_and_repeat_nothing))
