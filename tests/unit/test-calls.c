/* test-calls.c - calls made in a child of ours, which notices nothing */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "engine/inject/calls.h"
#include "engine/inject/tracee.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

struct subject {
	pid_t pid;
	struct plant plant;
	struct user_regs_struct regs;
	struct calls *calls;
};

static void stop(struct subject *s)
{
	struct err err = {};
	int stopsig;

	check(tracee_seize(s->pid, TASKS_DIE_WITH_US, &err) == 0);
	check(tracee_wait(s->pid, 5000, &stopsig, &err) == 0);
	check(tracee_set_sigmask(s->pid, UINT64_MAX, &err) == 0);
	check(tracee_regs(s->pid, &s->regs, &err) == 0);
	check(plant_open(s->pid, &s->plant, &err) == 0);
	check(plant_put(&s->plant, s->pid, 0, &err) == 0);
	s->calls = calls_new(&s->plant);
	check(s->calls);
}

static void subject_end(struct subject *s)
{
	free(s->calls);
}

static void sleeping_child(struct subject *s)
{
	*s = (struct subject){.pid = fork()};
	if (s->pid == 0) {
		struct timespec second = {.tv_nsec = 300000000};

		while (nanosleep(&second, &second) < 0 && errno == EINTR)
			;
		_exit(7);
	}
	usleep(20000);
	stop(s);
}

static void makes_calls_inside_and_brings_results_out(void)
{
	scoped(subject_end) struct subject s = {};
	struct err err = {};

	sleeping_child(&s);
	uint64_t name = calls_data(s.calls, "subject", 8);
	uint64_t out = calls_room(s.calls, 16);
	calls_add(s.calls, "prctl", SYS_prctl, 15, name);
	unsigned int pid = calls_add(s.calls, "getpid", SYS_getpid, 0);
	calls_add(s.calls, "prctl", SYS_prctl, 16, out);
	check(calls_run(s.calls, s.pid, &err) == 0);
	check(calls_ret(s.calls, pid) == s.pid);
	check(!strcmp(calls_at(s.calls, out), "subject"));
}

static void names_the_call_that_failed(void)
{
	scoped(subject_end) struct subject s = {};
	struct err err = {};
	char text[256];

	sleeping_child(&s);
	unsigned int may = calls_add(s.calls, "close", SYS_close, (uint64_t)-1);
	calls_may_fail(s.calls, may);
	calls_add(s.calls, "fchdir", SYS_fchdir, (uint64_t)-1);
	check(calls_run(s.calls, s.pid, &err) == -EBADF);
	check(!strcmp(err_text(&err, text, sizeof(text)), "fchdir: Bad file descriptor"));
}

static void leaves_the_task_as_it_was(void)
{
	scoped(subject_end) struct subject s = {};
	struct err err = {};
	int status;

	sleeping_child(&s);
	check(plant_find(s.pid) == s.plant.at);
	calls_add(s.calls, "getpid", SYS_getpid, 0);
	check(calls_run(s.calls, s.pid, &err) == 0);
	check(tracee_set_regs(s.pid, &s.regs, &err) == 0);
	check(plant_remove(&s.plant, s.pid, &err) == 0);
	check(plant_find(s.pid) == 0);
	check(tracee_set_sigmask(s.pid, 0, &err) == 0);
	tracee_detach(s.pid);
	/* the interrupted sleep goes on and ends as it would have */
	check(waitpid(s.pid, &status, 0) == s.pid && WIFEXITED(status) &&
	      WEXITSTATUS(status) == 7);
}

static void makes_a_child_that_stands_still(void)
{
	scoped(subject_end) struct subject s = {};
	struct err err = {};
	pid_t child = 0;
	int stopsig;

	sleeping_child(&s);
	calls_add(s.calls, "clone", SYS_clone, SIGCHLD);
	check(calls_run_child(s.calls, s.pid, &child, &err) == 0);
	check(child > 0 && child != s.pid);
	check(tracee_wait(child, 5000, &stopsig, &err) == 0);
}

RUN(TEST(makes_calls_inside_and_brings_results_out), TEST(names_the_call_that_failed),
    TEST(leaves_the_task_as_it_was), TEST(makes_a_child_that_stands_still))
