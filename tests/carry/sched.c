/* sched.c - how a thread is scheduled */
#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/carry/carry.h"

static void keeps_nice(void)
{
	check(!setpriority(PRIO_PROCESS, 0, 7));
	carried();
	check(getpriority(PRIO_PROCESS, 0) == 7);
}

static void keeps_a_better_nice(void)
{
	if (setpriority(PRIO_PROCESS, 0, -5) < 0)
		skip("CAP_SYS_NICE is missing");
	carried();
	check(getpriority(PRIO_PROCESS, 0) == -5);
}

static void keeps_policy(int policy, int priority)
{
	const struct sched_param param = {.sched_priority = priority};
	struct sched_param now;

	if (sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &param) < 0)
		skip("this policy is not allowed here");
	carried();
	check(sched_getscheduler(0) == (policy | SCHED_RESET_ON_FORK));
	check(!sched_getparam(0, &now) && now.sched_priority == priority);
}

static void keeps_the_batch_policy(void)
{
	keeps_policy(SCHED_BATCH, 0);
}

static void keeps_the_idle_policy(void)
{
	keeps_policy(SCHED_IDLE, 0);
}

static void keeps_a_real_time_policy(void)
{
	keeps_policy(SCHED_FIFO, 3);
}

static void keeps_the_round_robin_policy(void)
{
	keeps_policy(SCHED_RR, 2);
}

static void keeps_affinity(void)
{
	cpu_set_t all, last, now;
	int cpu = 0;

	check(!sched_getaffinity(0, sizeof(all), &all));
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all))
			cpu = i;
	CPU_ZERO(&last);
	CPU_SET(cpu, &last);
	check(!sched_setaffinity(0, sizeof(last), &last));
	carried();
	check(!sched_getaffinity(0, sizeof(now), &now) && CPU_EQUAL(&now, &last));
	check(sched_getcpu() == cpu);
}

static void keeps_priority_of_input_and_output(void)
{
	int want = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6);

	check(!syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, want));
	carried();
	check(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) == want);
}

static void keeps_timer_slack(void)
{
	check(!prctl(PR_SET_TIMERSLACK, 123456));
	carried();
	check(prctl(PR_GET_TIMERSLACK) == 123456);
}

static pthread_barrier_t set_up, go_on;

static void *nicer(void *arg)
{
	check(!setpriority(PRIO_PROCESS, 0, 11) && !prctl(PR_SET_TIMERSLACK, 777));
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(getpriority(PRIO_PROCESS, 0) == 11 && prctl(PR_GET_TIMERSLACK) == 777);
	return arg;
}

static void keeps_scheduling_of_each_thread(void)
{
	pthread_t thread;

	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	check(!setpriority(PRIO_PROCESS, 0, 4) && !prctl(PR_SET_TIMERSLACK, 555));
	check(!pthread_create(&thread, NULL, nicer, NULL));
	pthread_barrier_wait(&set_up);
	carried();
	check(getpriority(PRIO_PROCESS, 0) == 4 && prctl(PR_GET_TIMERSLACK) == 555);
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
}

RUN(TEST(keeps_nice), TEST(keeps_a_better_nice), TEST(keeps_the_batch_policy),
    TEST(keeps_the_idle_policy), TEST(keeps_a_real_time_policy),
    TEST(keeps_the_round_robin_policy), TEST(keeps_affinity),
    TEST(keeps_priority_of_input_and_output), TEST(keeps_timer_slack),
    TEST(keeps_scheduling_of_each_thread))
