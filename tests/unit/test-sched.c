/* test-sched.c - what was set for a thread is what is read of it */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "engine/kernel/sched.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

/* fn() sets up a child, which the parent reads. */
static struct sched_thread read_child(void (*fn)(void), struct arena *arena)
{
	struct sched_thread t = {};
	struct err err = {};
	int ready[2];
	char c = 0;

	check(!pipe(ready));
	pid_t pid = fork();
	if (!pid) {
		fn();
		check(write(ready[1], &c, 1) == 1);
		pause();
	}
	close(ready[1]);
	int r = read(ready[0], &c, 1) == 1 ? sched_read(pid, arena, &t, &err) : 1;
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	if (r == 1)
		skip("the child may not set its scheduling");
	check(!r);
	return t;
}

static void batch(void)
{
	struct sched_param param = {};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	check(!sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param));
	check(!setpriority(PRIO_PROCESS, 0, 7));
	check(!syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6));
	check(!prctl(PR_SET_TIMERSLACK, 123456));
	check(!sched_setaffinity(0, sizeof(cpus), &cpus));
}

static void reads_policy_nice_io_priority_slack_and_cpus(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sched_thread t = read_child(batch, arena);

	check(t.policy == SCHED_BATCH && t.flags & 1 && t.nice == 7 && t.priority == 0);
	check(t.ioprio == (2 << 13 | 6) && t.timer_slack_ns == 123456);
	check(t.cpu_words == 1 && t.cpus[0] == 1);
}

static void nothing(void)
{
}

static void reads_what_was_never_set(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sched_thread t = read_child(nothing, arena);
	cpu_set_t cpus;
	int n = 0;

	check(!sched_getaffinity(0, sizeof(cpus), &cpus));
	for (uint32_t i = 0; i < t.cpu_words; i++)
		n += __builtin_popcountll(t.cpus[i]);
	check(n == CPU_COUNT(&cpus) && t.timer_slack_ns == 50000);
	check(t.nice == getpriority(PRIO_PROCESS, 0) &&
	      t.policy == (uint32_t)sched_getscheduler(0));
}

static void fifo(void)
{
	struct sched_param param = {.sched_priority = 33};

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		exit(1);
}

static void reads_real_time_priority(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sched_thread t = read_child(fifo, arena);

	check(t.policy == SCHED_FIFO && t.priority == 33);
}

static void deadline(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = 48, .policy = 6, .runtime = 1000000, .deadline = 9000000};

	attr.period = 10000000;
	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		exit(1);
}

static void reads_deadlines(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sched_thread t = read_child(deadline, arena);

	check(t.policy == 6 && t.runtime == 1000000 && t.deadline == 9000000);
	check(t.period == 10000000);
}

static void says_that_a_task_is_gone(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sched_thread t;
	struct err err = {};

	check(sched_read(0x7ffffffe, arena, &t, &err) == -ESRCH && err.n);
}

RUN(TEST(reads_policy_nice_io_priority_slack_and_cpus), TEST(reads_what_was_never_set),
    TEST(reads_real_time_priority), TEST(reads_deadlines), TEST(says_that_a_task_is_gone))
