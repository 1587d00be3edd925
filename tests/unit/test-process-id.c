/* test-process-id.c - a process is not taken for another one */
#include <pthread.h>
#include <signal.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/process_id.h"
#include "tests/unit/check.h"

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		exit(0);
	}
	check(pid > 0);
	return pid;
}

static void knows_a_process_that_lives(void)
{
	struct process_id id;
	struct err err = {};
	scoped_fd int pidfd = -1;
	pid_t pid = sleeper();

	check(process_id_of(pid, &id, &err) == 0);
	check(process_lives(&id) && process_open(&id, &pidfd, &err) == 0 && pidfd >= 0);
	kill(pid, SIGKILL);
}

static void takes_a_zombie_for_ended(void)
{
	struct process_id id;
	struct err err = {};
	siginfo_t info;
	int pidfd = -1;
	pid_t pid = sleeper();

	check(process_id_of(pid, &id, &err) == 0);
	kill(pid, SIGKILL);
	check(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	check(!process_lives(&id) && process_open(&id, &pidfd, &err) == -ESRCH);
	check(waitpid(pid, NULL, 0) == pid && !process_lives(&id));
}

static void *stay(void *arg)
{
	pause();
	return arg;
}

static void knows_a_process_whose_first_thread_has_ended(void)
{
	struct process_id id;
	struct err err = {};
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		check(pthread_create(&thread, NULL, stay, NULL) == 0);
		pthread_exit(NULL);
	}
	usleep(100 * 1000);
	check(process_id_of(pid, &id, &err) == 0 && process_lives(&id));
	kill(pid, SIGKILL);
}

static void does_not_know_a_later_process_with_the_same_pid(void)
{
	struct process_id id;
	struct err err = {};
	int pidfd = -1;

	check(process_id_of(getpid(), &id, &err) == 0);
	id.start_time--;
	check(!process_lives(&id) && process_open(&id, &pidfd, &err) == -ESRCH && pidfd == -1);
}

static void has_no_process_zero(void)
{
	const struct process_id none = {};

	check(!process_lives(&none));
}

RUN(TEST(knows_a_process_that_lives), TEST(takes_a_zombie_for_ended),
    TEST(knows_a_process_whose_first_thread_has_ended),
    TEST(does_not_know_a_later_process_with_the_same_pid), TEST(has_no_process_zero))
