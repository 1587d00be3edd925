/* epoll.c - what is watched, under which number, by whom */
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "tests/carry/carry.h"

static int epoll, fd;

static void add(int target, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	check(epoll_ctl(epoll, EPOLL_CTL_ADD, target, &event) == 0);
}

static uint64_t next(int timeout_ms)
{
	struct epoll_event got = {0};
	int n = epoll_wait(epoll, &got, 1, timeout_ms);

	check(n >= 0);
	return n ? got.data.u64 : 0;
}

static void tell(int target)
{
	uint64_t one = 1;

	check(write(target, &one, sizeof(one)) == sizeof(one));
}

static void watches_on(void)
{
	int end[2];

	epoll = epoll_create1(EPOLL_CLOEXEC);
	fd = eventfd(0, EFD_NONBLOCK);
	check(!pipe(end));
	add(fd, EPOLLIN, 0xfedcba9876543210);
	add(end[0], EPOLLIN | EPOLLET, 2);
	carried();
	check(next(0) == 0);
	tell(fd);
	check(next(0) == 0xfedcba9876543210);
	uint64_t got;
	check(read(fd, &got, sizeof(got)) == sizeof(got));
	check(write(end[1], "x", 1) == 1 && next(0) == 2 && next(0) == 0);
	check(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0); /* by the same number */
	tell(fd);
	check(next(0) == 0);
}

static void keeps_a_watch_by_a_number_that_was_closed(void)
{
	epoll = epoll_create1(0);
	fd = eventfd(0, 0);
	int closed = dup(fd);
	add(closed, EPOLLIN, 7);
	close(closed);
	carried();
	tell(fd);
	check(next(0) == 7);
	check(dup2(fd, closed) == closed);
	check(epoll_ctl(epoll, EPOLL_CTL_DEL, closed, NULL) == 0 && next(0) == 0);
}

static void keeps_a_fired_one_shot_watch_silent(void)
{
	epoll = epoll_create1(0);
	fd = eventfd(1, 0);
	add(fd, EPOLLIN | EPOLLONESHOT, 3);
	check(next(0) == 3 && next(0) == 0);
	carried();
	check(next(0) == 0);
	struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 4};
	check(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &again) == 0 && next(0) == 4);
}

static void wakes_for_a_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	epoll = epoll_create1(0);
	fd = signalfd(-1, &set, 0);
	add(fd, EPOLLIN, 5);
	carried();
	check(next(0) == 0);
	pid_t child = fork();
	if (!child) {
		usleep(30000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	check(next(3000) == 5); /* woken while it waits */
	check(waitpid(child, NULL, 0) == child);
}

static void watches_an_epoll(void)
{
	int outer = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 9}, got;

	epoll = epoll_create1(0);
	fd = eventfd(0, 0);
	add(fd, EPOLLIN, 1);
	check(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event) == 0);
	carried();
	check(epoll_wait(outer, &got, 1, 0) == 0);
	tell(fd);
	check(epoll_wait(outer, &got, 1, 0) == 1 && got.data.u64 == 9);
}

static void goes_on_waiting(void)
{
	epoll = epoll_create1(0);
	fd = eventfd(0, 0);
	add(fd, EPOLLIN, 11);
	pid_t child = fork();

	if (!child)
		_exit(next(-1) != 11);
	usleep(20000);
	carried();
	usleep(20000);
	tell(fd);
	int status;
	check(waitpid(child, &status, 0) == child && status == 0);
}

RUN(TEST(watches_on), TEST(keeps_a_watch_by_a_number_that_was_closed),
    TEST(keeps_a_fired_one_shot_watch_silent), TEST(wakes_for_a_signal), TEST(watches_an_epoll),
    TEST(goes_on_waiting))
