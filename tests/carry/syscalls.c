/* syscalls.c - a thread waits inside a system call, and goes on waiting there
 *
 * A thread makes the call; the test waits until the kernel says that it sleeps in it, is
 * carried, lets the call end, and looks at what the thread got: never EINTR.
 */
#include <arpa/inet.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/carry/carry.h"

enum { LONG_MS = 10000, SHORT_MS = 300 };

static int fd[2];
static volatile pid_t caller; /* its thread id */
static volatile long result;
static volatile int error;

/* What a thread does: the call, then its result. */
#define CALL(name, call)                  \
	static void *name(void *arg)      \
	{                                 \
		(void)arg;                \
		caller = (pid_t)gettid(); \
		errno = 0;                \
		result = (call);          \
		error = errno;            \
		return NULL;              \
	}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool sleeps_in(long nr)
{
	char path[64], text[64] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", caller);
	int file = open(path, O_RDONLY);
	if (file < 0 || read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	return strtol(text, NULL, 10) == nr && text[0] != 'r';
}

static pthread_t wait_in(void *(*body)(void *), long nr)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, body, NULL));
	for (int i = 0; i < 1000 && !(caller && sleeps_in(nr)); i++)
		usleep(1000);
	check(sleeps_in(nr));
	return thread;
}

static void ends_with(pthread_t thread, long want)
{
	check(!pthread_join(thread, NULL));
	if (result != want)
		printf("# got %ld, errno %d\n", result, error);
	check(result == want);
}

/* --- calls that begin again */

static char byte;
CALL(reading, read(fd[0], &byte, 1))

static void reads_on_from_a_pipe(void)
{
	check(!pipe(fd));
	pthread_t thread = wait_in(reading, SYS_read);
	carried();
	check(write(fd[1], "x", 1) == 1);
	ends_with(thread, 1);
	check(byte == 'x');
}

static char block[100000];
CALL(writing, write(fd[1], block, sizeof(block)))

static void writes_on_into_a_full_pipe(void)
{
	static char got[sizeof(block)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 31 / 7);
	check(!pipe(fd));
	pthread_t thread = wait_in(writing, SYS_write);
	carried();
	/* an interrupted write that had written a part returns the part */
	while (n < 65536)
		n += (size_t)read(fd[0], got + n, sizeof(got) - n);
	check(!pthread_join(thread, NULL));
	check(result > 0 && (size_t)result <= sizeof(block));
	while (n < (size_t)result)
		n += (size_t)read(fd[0], got + n, (size_t)result - n);
	check(!memcmp(got, block, (size_t)result));
}

static int listener(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM, 0);

	check(s >= 0 && !bind(s, (struct sockaddr *)&here, sizeof(here)) && !listen(s, 5));
	return s;
}

CALL(accepting, accept(fd[0], NULL, NULL))

static void accepts_a_connection_afterwards(void)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);

	fd[0] = listener();
	pthread_t thread = wait_in(accepting, SYS_accept);
	carried();
	check(!getsockname(fd[0], (struct sockaddr *)&to, &len));
	int s = socket(AF_INET, SOCK_STREAM, 0);
	check(!connect(s, (struct sockaddr *)&to, len));
	check(!pthread_join(thread, NULL) && result > fd[0]);
}

CALL(receiving, recv(fd[0], &byte, 1, 0))

static void receives_from_a_socket_afterwards(void)
{
	check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	pthread_t thread = wait_in(receiving, SYS_recvfrom);
	carried();
	check(send(fd[1], "y", 1, 0) == 1);
	ends_with(thread, 1);
	check(byte == 'y');
}

static pid_t child;
static int status;
CALL(waiting, wait4(child, &status, 0, NULL))

static void waits_on_for_a_child(void)
{
	check(!pipe(fd));
	child = fork();
	if (!child) {
		check(read(fd[0], &byte, 1) == 1);
		_exit(3);
	}
	pthread_t thread = wait_in(waiting, SYS_wait4);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, child);
	check(WEXITSTATUS(status) == 3);
}

static int word = 1;
CALL(on_futex, syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL))

static void waits_on_for_a_futex(void)
{
	pthread_t thread = wait_in(on_futex, SYS_futex);
	carried();
	usleep(2000);
	check(syscall(SYS_futex, &word, FUTEX_WAKE, 1) == 1);
	ends_with(thread, 0);
}

CALL(locking, flock(fd[1], LOCK_EX))

static void waits_on_for_a_lock(void)
{
	fd[0] = open("lock", O_CREAT | O_RDWR, 0600);
	fd[1] = open("lock", O_RDWR);
	check(fd[0] >= 0 && fd[1] >= 0 && !flock(fd[0], LOCK_EX));
	pthread_t thread = wait_in(locking, SYS_flock);
	carried();
	usleep(2000);
	check(result == 0 && sleeps_in(SYS_flock));
	check(!flock(fd[0], LOCK_UN));
	ends_with(thread, 0);
}

static sigset_t usr1;
CALL(sigwaiting, sigwaitinfo(&usr1, NULL))

/* It ends with EINTR after a stop, without any handler (signal(7)). */
static void a_wait_for_a_signal_ends_with_it_or_as_interrupted(void)
{
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	pthread_t thread = wait_in(sigwaiting, SYS_rt_sigtimedwait);
	carried();
	check(!kill(getpid(), SIGUSR1));
	check(!pthread_join(thread, NULL));
	if (result == -1) {
		check(error == EINTR);
		check(sigwaitinfo(&usr1, NULL) == SIGUSR1);
	} else {
		check(result == SIGUSR1);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

static sigset_t none;
CALL(suspending, sigsuspend(&none))

static void keeps_the_mask_of_sigsuspend(void)
{
	sigset_t now;

	signal(SIGUSR1, on_signal);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	sigfillset(&none);
	sigdelset(&none, SIGUSR1);
	pthread_t thread = wait_in(suspending, SYS_rt_sigsuspend);
	carried();
	usleep(2000);
	check(sleeps_in(SYS_rt_sigsuspend));
	check(!pthread_kill(thread, SIGUSR1));
	check(!pthread_join(thread, NULL) && result == -1 && error == EINTR);
	check(!sigprocmask(SIG_BLOCK, NULL, &now) && sigismember(&now, SIGUSR1));
}

/* --- calls with a time */

static struct pollfd item;
CALL(polling, poll(&item, 1, LONG_MS))
CALL(polling_forever, poll(&item, 1, -1))
CALL(polling_shortly, poll(&item, 1, SHORT_MS))

static void polls_on(void)
{
	check(!pipe(fd));
	item = (struct pollfd){.fd = fd[0], .events = POLLIN};
	pthread_t thread = wait_in(polling, SYS_poll);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, 1);
}

static void polls_on_without_a_time(void)
{
	check(!pipe(fd));
	item = (struct pollfd){.fd = fd[0], .events = POLLIN};
	pthread_t thread = wait_in(polling_forever, SYS_poll);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, 1);
}

static void a_poll_comes_to_its_end(void)
{
	check(!pipe(fd));
	item = (struct pollfd){.fd = fd[0], .events = POLLIN};
	pthread_t thread = wait_in(polling_shortly, SYS_poll);
	carried();
	ends_with(thread, 0);
}

static struct timespec long_time = {.tv_sec = LONG_MS / 1000};
CALL(ppolling, ppoll(&item, 1, &long_time, NULL))

static void ppolls_on(void)
{
	check(!pipe(fd));
	item = (struct pollfd){.fd = fd[0], .events = POLLIN};
	pthread_t thread = wait_in(ppolling, SYS_ppoll);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, 1);
}

static fd_set set;
static struct timeval select_time = {.tv_sec = LONG_MS / 1000};
CALL(selecting, syscall(SYS_select, fd[0] + 1, &set, NULL, NULL, &select_time))

static void selects_on(void)
{
	check(!pipe(fd));
	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	pthread_t thread = wait_in(selecting, SYS_select);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, 1);
}

static int epoll;
static struct epoll_event event;
CALL(epolling, epoll_wait(epoll, &event, 1, LONG_MS))

/* It would end with EINTR by itself: signal(7). */
static void epolls_on(void)
{
	check(!pipe(fd));
	epoll = epoll_create1(0);
	event = (struct epoll_event){.events = EPOLLIN, .data.u32 = 77};
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd[0], &event));
	pthread_t thread = wait_in(epolling, SYS_epoll_wait);
	carried();
	check(write(fd[1], "", 1) == 1);
	ends_with(thread, 1);
	check(event.data.u32 == 77);
}

static struct timespec rest;
static const struct timespec short_time = {.tv_nsec = SHORT_MS * 1000000L};
CALL(sleeping, nanosleep(&short_time, &rest))
CALL(sleeping_over, nanosleep(&short_time, NULL))

static void sleeps_to_the_end(void)
{
	int64_t start = now_ms();
	pthread_t thread = wait_in(sleeping, SYS_clock_nanosleep);

	carried();
	ends_with(thread, 0);
	check(now_ms() - start >= SHORT_MS);
}

static void sleeps_to_the_end_without_a_rest(void)
{
	int64_t start = now_ms();
	pthread_t thread = wait_in(sleeping_over, SYS_clock_nanosleep);

	carried();
	ends_with(thread, 0);
	check(now_ms() - start >= SHORT_MS);
}

static struct timespec until;
CALL(sleeping_until, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))

static void sleeps_until_a_moment(void)
{
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	int64_t end = now_ms() + 1000;
	pthread_t thread = wait_in(sleeping_until, SYS_clock_nanosleep);
	carried();
	ends_with(thread, 0);
	check(now_ms() >= end - 1 && now_ms() < end + 1000);
}

CALL(on_timed_futex, syscall(SYS_futex, &word, FUTEX_WAIT, 1, &long_time))
CALL(on_short_futex, syscall(SYS_futex, &word, FUTEX_WAIT, 1, &short_time))

static void waits_on_for_a_futex_with_a_time(void)
{
	pthread_t thread = wait_in(on_timed_futex, SYS_futex);
	carried();
	usleep(2000);
	check(syscall(SYS_futex, &word, FUTEX_WAKE, 1) == 1);
	ends_with(thread, 0);
}

static void a_futex_comes_to_the_end_of_its_time(void)
{
	pthread_t thread = wait_in(on_short_futex, SYS_futex);
	carried();
	ends_with(thread, -1);
	check(error == ETIMEDOUT);
}

RUN(TEST(reads_on_from_a_pipe), TEST(writes_on_into_a_full_pipe),
    TEST(accepts_a_connection_afterwards), TEST(receives_from_a_socket_afterwards),
    TEST(waits_on_for_a_child), TEST(waits_on_for_a_futex), TEST(waits_on_for_a_lock),
    TEST(a_wait_for_a_signal_ends_with_it_or_as_interrupted),
    TEST(keeps_the_mask_of_sigsuspend), TEST(polls_on), TEST(polls_on_without_a_time),
    TEST(a_poll_comes_to_its_end), TEST(ppolls_on), TEST(selects_on), TEST(epolls_on),
    TEST(sleeps_to_the_end), TEST(sleeps_to_the_end_without_a_rest),
    TEST(sleeps_until_a_moment), TEST(waits_on_for_a_futex_with_a_time),
    TEST(a_futex_comes_to_the_end_of_its_time))
