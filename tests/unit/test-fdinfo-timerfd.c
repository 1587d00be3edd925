/* test-fdinfo-timerfd.c - what a timerfd is set to */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/kernel/fdinfo-timerfd.h"
#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static struct timerfd_state read_own(int fd)
{
	scoped_free char *text = NULL;
	struct timerfd_state state;
	struct err err = {};
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	check(!proc_text(getpid(), 0, name, &text, &err));
	check(!fdinfo_timerfd_parse(text, &state, &err));
	return state;
}

static void reads_a_timer_that_is_running(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec spec = {.it_interval = {3, 4}, .it_value = {100, 5}};

	check(!timerfd_settime(fd, 0, &spec, NULL));
	struct timerfd_state s = read_own(fd);
	check(s.clock == CLOCK_MONOTONIC && !s.ticks && !s.flags);
	check(s.interval.tv_sec == 3 && s.interval.tv_nsec == 4);
	check(s.value.tv_sec >= 98 && s.value.tv_sec <= 100);
}

static void reads_expirations_that_nobody_read(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	struct itimerspec spec = {.it_value = {1, 0}};

	check(!timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL));
	struct timerfd_state s = read_own(fd);
	check(s.clock == CLOCK_REALTIME && s.ticks == 1 && !s.value.tv_sec && !s.value.tv_nsec);
	check(s.flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET));
}

static void reads_one_that_was_never_set(void)
{
	struct timerfd_state s = read_own(timerfd_create(CLOCK_BOOTTIME, 0));

	check(s.clock == CLOCK_BOOTTIME && !s.ticks && !s.value.tv_sec && !s.interval.tv_sec);
}

static void refuses_text_that_lacks_a_line_or_a_number(void)
{
	static const char *const bad[] = {
		"clockid: 0\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\n",
		"clockid: 0\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (1 "
		"5)\n",
		"clockid: 0\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (-1, "
		"5)\n",
		"clockid: 0\nticks: 0\nsettime flags: 09\nit_value: (0, x)\nit_interval: (1, "
		"5)\n",
		"",
	};
	struct timerfd_state s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {};

		check(fdinfo_timerfd_parse(bad[i], &s, &err) == -EPROTO && err.n);
	}
}

RUN(TEST(reads_a_timer_that_is_running), TEST(reads_expirations_that_nobody_read),
    TEST(reads_one_that_was_never_set), TEST(refuses_text_that_lacks_a_line_or_a_number))
