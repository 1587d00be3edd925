/* eventfd.c - eventfd, timerfd, signalfd: what threads wait on */
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "tests/carry/carry.h"

static int fd;

static void a_child_that_takes_one(void)
{
	uint64_t got = 0;

	other_carried();
	check(read(fd, &got, sizeof(got)) == sizeof(got) && got == 1);
}

static void keeps_a_semaphore_shared_with_a_child(void)
{
	uint64_t got = 0;

	fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
	struct other child = other_start(a_child_that_takes_one);
	carried();
	other_ends_well(&child);
	for (int i = 0; i < 2; i++)
		check(read(fd, &got, sizeof(got)) == sizeof(got) && got == 1);
	check(read(fd, &got, sizeof(got)) < 0 && errno == EAGAIN);
}

static void keeps_a_large_counter(void)
{
	uint64_t sent = (1ull << 40) + 5, got = 0;

	fd = eventfd(0, EFD_CLOEXEC);
	check(write(fd, &sent, sizeof(sent)) == sizeof(sent));
	carried();
	check(read(fd, &got, sizeof(got)) == sizeof(got) && got == sent);
}

static void ticks_on_after_it_was_carried(void)
{
	struct itimerspec spec = {{.tv_nsec = 20000000}, {.tv_nsec = 20000000}};
	uint64_t ticks = 0;

	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	check(timerfd_settime(fd, 0, &spec, NULL) == 0);
	usleep(50000); /* two ticks that nobody reads */
	carried();
	check(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 2);
	check(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 1);
	check(timerfd_gettime(fd, &spec) == 0 && spec.it_interval.tv_nsec == 20000000);
}

static void keeps_the_time_left(void)
{
	struct itimerspec spec = {.it_value = {.tv_sec = 1000}};

	fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
	check(timerfd_settime(fd, 0, &spec, NULL) == 0);
	carried();
	check(timerfd_gettime(fd, &spec) == 0);
	check(spec.it_value.tv_sec > 900 && spec.it_value.tv_sec < 1000);
}

static void reads_a_signal_that_was_pending(void)
{
	struct signalfd_siginfo info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	raise(SIGUSR1);
	carried();
	check(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1);
	check(info.ssi_pid == (uint32_t)getpid());
	check(read(fd, &info, sizeof(info)) < 0 && errno == EAGAIN);
	raise(SIGRTMIN);
	check(read(fd, &info, sizeof(info)) == sizeof(info));
	check(info.ssi_signo == (uint32_t)SIGRTMIN);
}

RUN(TEST(keeps_a_semaphore_shared_with_a_child), TEST(keeps_a_large_counter),
    TEST(ticks_on_after_it_was_carried), TEST(keeps_the_time_left),
    TEST(reads_a_signal_that_was_pending))
