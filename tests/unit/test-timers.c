/* test-timers.c - POSIX timers as the kernel lists them */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "engine/kernel/timers.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static const struct timers_timer *get(const struct timers *timers, timer_t timer)
{
	for (size_t i = 0; i < timers->n; i++)
		if (timers->timer[i].id == (int32_t)(intptr_t)timer)
			return &timers->timer[i];
	check(!"listed");
	return NULL;
}

/* Without glibc's thread that serves SIGEV_THREAD, a timer_t is the kernel's id. */
static timer_t make(clockid_t clock, int notify, int sig, void *value)
{
	struct sigevent event = {.sigev_notify = notify, .sigev_signo = sig};
	timer_t timer;

	event.sigev_value.sival_ptr = value;
	event._sigev_un._tid = getpid();
	check(!timer_create(clock, &event, &timer));
	return timer;
}

static void reads_every_way_of_notifying(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct timers timers;
	struct err err = {};
	timer_t a = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, (void *)0xdeadbeef00);
	timer_t b = make(CLOCK_REALTIME, SIGEV_NONE, 0, NULL);
	timer_t c = make(CLOCK_PROCESS_CPUTIME_ID, SIGEV_THREAD_ID, SIGRTMAX, (void *)-1);

	check(!timers_read(getpid(), arena, &timers, &err) && timers.n == 3);
	const struct timers_timer *t = get(&timers, a);
	check(t->signal == SIGUSR1 && t->value == 0xdeadbeef00 && t->notify == SIGEV_SIGNAL);
	check(t->clock == CLOCK_MONOTONIC && t->target == getpid());
	check(get(&timers, b)->notify == SIGEV_NONE &&
	      get(&timers, b)->clock == CLOCK_REALTIME);
	t = get(&timers, c);
	check(t->signal == SIGRTMAX && t->value == UINT64_MAX && t->notify == SIGEV_THREAD_ID);
	check(t->target == getpid() && t->clock < 0);
}

static void reads_none(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct timers timers = {.n = 9};
	struct err err = {};

	check(!timers_read(getpid(), arena, &timers, &err) && timers.n == 0);
}

static void refuses_text_that_is_cut_or_malformed(void)
{
	static const char good[] = "ID: 7\nsignal: 10/00000000000000ff\n"
				   "notify: thread/tid.12\nClockID: -2\n";
	static const char *const bad[] = {
		"ID: x\n",
		"ID: 1\nsignal: 1\n",
		"ID: 1\nsignal: 1/0\nnotify: other/pid.1\nClockID: 0\n",
		"ID: 1\nnotify: none/pid.1\nsignal: 1/0\nClockID: 0\n",
		"ID: 1\nsignal: 1/0\nnotify: none/pid.1\nClockID: 0 x\n",
	};
	scoped(arena_free) struct arena *arena = arena_new();
	struct timers t;
	struct err err = {};

	check(!timers_parse(good, arena, &t, &err) && t.n == 1 && t.timer->id == 7);
	check(t.timer->notify == (SIGEV_THREAD | SIGEV_THREAD_ID) && t.timer->target == 12);
	check(t.timer->value == 255 && t.timer->clock == -2);
	for (size_t i = 1; i < sizeof(good) - 4; i++) {
		char cut[sizeof(good)];

		memcpy(cut, good, i);
		cut[i] = '\0';
		check(timers_parse(cut, arena, &t, &err) == -EPROTO);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(timers_parse(bad[i], arena, &t, &err) == -EPROTO);
}

RUN(TEST(reads_every_way_of_notifying), TEST(reads_none),
    TEST(refuses_text_that_is_cut_or_malformed))
