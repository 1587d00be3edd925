/* test-fd-timerfd.c - time left, intervals, ticks that nobody has read */
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "runtime/base/scope.h"
#include "tests/unit/fds.h"

static void set(int fd, int flags, long value_ms, long interval_ms)
{
	struct itimerspec spec = {
		.it_value = {value_ms / 1000, value_ms % 1000 * 1000000},
		.it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000},
	};

	check(timerfd_settime(fd, flags, &spec, NULL) == 0);
}

static long left_ms(int fd)
{
	struct itimerspec spec;

	check(timerfd_gettime(fd, &spec) == 0);
	return spec.it_value.tv_sec * 1000 + spec.it_value.tv_nsec / 1000000;
}

static void goes_on_with_the_time_left_and_the_interval(void)
{
	int before = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec spec;
	struct world w;

	set(before, 0, 5000, 1500);
	int after = carry(&w, before, "timerfd");
	check(left_ms(after) > 4000 && left_ms(after) <= 5000);
	check(timerfd_gettime(after, &spec) == 0);
	check(spec.it_interval.tv_sec == 1 && spec.it_interval.tv_nsec == 500000000);
}

static void keeps_ticks_and_the_rhythm_of_an_interval_nobody_read(void)
{
	int before = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
	uint64_t ticks = 0;
	struct world w;

	set(before, 0, 20, 20);
	usleep(70000);
	int after = carry(&w, before, "timerfd");
	check(read(after, &ticks, sizeof(ticks)) == sizeof(ticks));
	check(ticks >= 3);
	check(read(after, &ticks, sizeof(ticks)) < 0 && errno == EAGAIN);
	usleep(30000);
	check(read(after, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 1);
}

static void keeps_the_one_tick_of_a_timer_that_is_over(void)
{
	int before = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t ticks = 0;
	struct world w;

	set(before, 0, 1, 0);
	usleep(5000);
	int after = carry(&w, before, "timerfd");
	check(read(after, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks == 1);
	check(left_ms(after) == 0);
}

static void keeps_one_that_was_never_armed(void)
{
	int before = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	uint64_t ticks;
	struct world w;

	int after = carry(&w, before, "timerfd");
	check(left_ms(after) == 0);
	check(read(after, &ticks, sizeof(ticks)) < 0 && errno == EAGAIN);
}

/* Two seconds pass between dump and restore: the hour of the day stays the same. */
static void expires_at_the_same_time_of_day(void)
{
	int before = timerfd_create(CLOCK_REALTIME, 0);
	struct timespec now;
	struct world w;

	clock_gettime(CLOCK_REALTIME, &now);
	struct itimerspec spec = {.it_value = {.tv_sec = now.tv_sec + 100}};
	check(timerfd_settime(before, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec,
			      NULL) == 0);
	world_start(&w);
	struct open_file *file = world_see(&w, before);
	world_dump(&w);
	sleep(2);
	world_restore(&w);
	int after = world_fd(&w, file->id);
	check(left_ms(after) < 98100 && left_ms(after) > 95000);
	struct open_file *again = world_see(&w, after);
	check(strstr(again->fdinfo, "settime flags: 03"));
}

RUN(TEST(goes_on_with_the_time_left_and_the_interval),
    TEST(keeps_ticks_and_the_rhythm_of_an_interval_nobody_read),
    TEST(keeps_the_one_tick_of_a_timer_that_is_over), TEST(keeps_one_that_was_never_armed),
    TEST(expires_at_the_same_time_of_day))
