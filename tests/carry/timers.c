/* timers.c - alarms that were set before ring afterwards, not sooner */
#include <pthread.h>
#include <stdint.h>
#include <sys/time.h>

#include "tests/carry/carry.h"

static volatile int rings, last_value;
static volatile pid_t last_thread;

static void on_ring(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	rings++;
	last_value = info->si_value.sival_int;
	last_thread = gettid();
}

static void handle(int sig)
{
	struct sigaction sa = {.sa_sigaction = on_ring, .sa_flags = SA_SIGINFO | SA_RESTART};

	check(!sigaction(sig, &sa, NULL));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_for_rings(int n, int ms)
{
	for (int64_t end = now_ms() + ms; rings < n && now_ms() < end;)
		usleep(500);
	check(rings >= n);
}

static struct itimerval after_ms(int ms, int interval_ms)
{
	return (struct itimerval){
		.it_value = {ms / 1000, ms % 1000 * 1000},
		.it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000},
	};
}

static void an_alarm_rings_once(void)
{
	struct itimerval in = after_ms(400, 0), now;

	handle(SIGALRM);
	int64_t start = now_ms();
	check(!setitimer(ITIMER_REAL, &in, NULL));
	carried();
	check(!getitimer(ITIMER_REAL, &now));
	check(rings || (now.it_value.tv_usec && !now.it_interval.tv_usec));
	wait_for_rings(1, 2000);
	check(now_ms() - start >= 399);
	usleep(5000);
	check(rings == 1);
}

static void an_interval_rings_on(void)
{
	struct itimerval in = after_ms(5, 5), now;

	handle(SIGALRM);
	check(!setitimer(ITIMER_REAL, &in, NULL));
	carried();
	check(!getitimer(ITIMER_REAL, &now) && now.it_interval.tv_usec == 5000);
	rings = 0;
	wait_for_rings(3, 2000);
}

/* It stands still meanwhile, and only its interval is left of it. */
static void keeps_an_interval_whose_alarm_is_pending(void)
{
	struct itimerval in = after_ms(3, 3);
	sigset_t set;

	handle(SIGALRM);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	check(!sigprocmask(SIG_BLOCK, &set, NULL));
	check(!setitimer(ITIMER_REAL, &in, NULL));
	usleep(5000);
	carried();
	check(!rings);
	check(!sigprocmask(SIG_UNBLOCK, &set, NULL));
	wait_for_rings(3, 2000);
}

static void timers_of_consumed_time_ring(void)
{
	struct itimerval virtual = after_ms(20, 0), prof = after_ms(30, 0), now;

	handle(SIGVTALRM);
	handle(SIGPROF);
	check(!setitimer(ITIMER_VIRTUAL, &virtual, NULL));
	check(!setitimer(ITIMER_PROF, &prof, NULL));
	carried();
	check(!getitimer(ITIMER_VIRTUAL, &now) && now.it_value.tv_usec > 0);
	for (int64_t end = now_ms() + 3000; rings < 2 && now_ms() < end;)
		;
	check(rings == 2);
}

static timer_t new_timer(clockid_t clock, int sig, int value)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = sig,
				 .sigev_value.sival_int = value};
	timer_t timer;

	check(!timer_create(clock, &event, &timer));
	return timer;
}

static void set_ms(timer_t timer, int ms, int interval_ms)
{
	const struct itimerspec in = {
		.it_value = {ms / 1000, ms % 1000 * 1000000L},
		.it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000L},
	};

	check(!timer_settime(timer, 0, &in, NULL));
}

static void keeps_ids_of_timers_with_gaps(void)
{
	timer_t timer[5];
	struct itimerspec now;

	handle(SIGRTMIN);
	for (int i = 0; i < 5; i++)
		timer[i] = new_timer(CLOCK_MONOTONIC, SIGRTMIN, i);
	check(!timer_delete(timer[0]) && !timer_delete(timer[3]));
	set_ms(timer[2], 100000, 7000);
	carried();
	for (int i = 0; i < 5; i++)
		check(timer_gettime(timer[i], &now) == (i == 0 || i == 3 ? -1 : 0));
	check(!timer_gettime(timer[1], &now) && !now.it_value.tv_sec);
	check(!timer_gettime(timer[2], &now) && now.it_interval.tv_sec == 7);
	check(now.it_value.tv_sec > 90 && now.it_value.tv_sec <= 100);
	set_ms(timer[4], 1, 0);
	wait_for_rings(1, 2000);
	check(last_value == 4);
	timer_t next = new_timer(CLOCK_MONOTONIC, SIGRTMIN, 9);
	check(next != timer[1] && next != timer[2] && next != timer[4]);
}

static void timers_of_each_clock_ring(void)
{
	static const clockid_t clock[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};

	handle(SIGRTMIN);
	for (int i = 0; i < 3; i++)
		set_ms(new_timer(clock[i], SIGRTMIN + 0, i), 150 + i * 100, 0);
	int64_t start = now_ms();
	carried();
	wait_for_rings(3, 3000);
	check(now_ms() - start >= 340 && last_value == 2);
}

static void a_timer_with_an_interval_rings_on(void)
{
	handle(SIGRTMIN);
	set_ms(new_timer(CLOCK_MONOTONIC, SIGRTMIN, 5), 3, 3);
	carried();
	rings = 0;
	wait_for_rings(3, 2000);
	check(last_value == 5);
}

static pthread_barrier_t set_up, go_on;
static volatile pid_t notified;

static void *receiver(void *arg)
{
	notified = gettid();
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	return arg;
}

static void notifies_the_thread_that_was_chosen(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	pthread_t thread;
	timer_t timer;

	handle(SIGRTMIN);
	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	check(!pthread_create(&thread, NULL, receiver, NULL));
	pthread_barrier_wait(&set_up);
	event._sigev_un._tid = notified;
	event.sigev_value.sival_int = 31;
	check(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	set_ms(timer, 100, 0);
	carried();
	wait_for_rings(1, 2000);
	check(last_value == 31 && last_thread == notified && last_thread != gettid());
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
}

static void keeps_a_timer_that_tells_nobody(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct itimerspec now;
	timer_t timer;

	check(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	set_ms(timer, 50000, 0);
	carried();
	check(!timer_gettime(timer, &now));
	check(now.it_value.tv_sec >= 40 && now.it_value.tv_sec < 50);
}

static void keeps_a_timer_of_consumed_time(void)
{
	handle(SIGRTMIN);
	set_ms(new_timer(CLOCK_PROCESS_CPUTIME_ID, SIGRTMIN, 8), 50, 0);
	carried();
	for (int64_t end = now_ms() + 3000; !rings && now_ms() < end;)
		;
	check(rings == 1 && last_value == 8);
}

static void keeps_a_timer_of_a_thread_and_its_consumed_time(void)
{
	clockid_t clock;

	handle(SIGRTMIN);
	check(!pthread_getcpuclockid(pthread_self(), &clock));
	set_ms(new_timer(clock, SIGRTMIN, 9), 50, 0);
	carried();
	for (int64_t end = now_ms() + 3000; !rings && now_ms() < end;)
		;
	check(rings == 1 && last_value == 9);
}

static void counts_the_rings_that_were_missed(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	check(!sigprocmask(SIG_BLOCK, &set, NULL));
	timer_t timer = new_timer(CLOCK_MONOTONIC, SIGRTMIN, 3);
	set_ms(timer, 1, 1);
	usleep(10000);
	carried();
	check(sigwaitinfo(&set, &info) == SIGRTMIN);
	check(info.si_code == SI_TIMER && info.si_value.sival_int == 3);
	usleep(5000);
	check(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_overrun >= 1);
	check(timer_getoverrun(timer) >= 1);
}

RUN(TEST(an_alarm_rings_once), TEST(an_interval_rings_on),
    TEST(keeps_an_interval_whose_alarm_is_pending), TEST(timers_of_consumed_time_ring),
    TEST(keeps_ids_of_timers_with_gaps), TEST(timers_of_each_clock_ring),
    TEST(a_timer_with_an_interval_rings_on), TEST(notifies_the_thread_that_was_chosen),
    TEST(keeps_a_timer_that_tells_nobody), TEST(keeps_a_timer_of_consumed_time),
    TEST(keeps_a_timer_of_a_thread_and_its_consumed_time),
    TEST(counts_the_rings_that_were_missed))
