/* test-stat.c - a task in one line, whatever it calls itself */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/kernel/stat.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

static const char line[] =
	"42 (a) R 1 (b) S 7 41 40 34817 -1 4194560 1 2 3 4 5 6 7 8 20 -3 4 0 63234 3133440 383 "
	"18446744073709551615 4096 8192 140735826148480 0 0 0 0 0 0 1 0 0 17 1 9 2 0 0 0 "
	"12288 12290 16384 100 200 200 300 139\n";

static void reads_every_field_of_a_line(void)
{
	struct stat_task t;
	struct err err = {};

	check(!stat_parse(line, &t, &err));
	check(t.pid == 42 && t.state == 'S' && t.ppid == 7 && t.pgrp == 41 && t.session == 40);
	check(t.tty_nr == 34817 && t.tpgid == -1 && t.flags == 4194560);
	check(t.utime == 5 && t.stime == 6 && t.cutime == 7 && t.cstime == 8);
	check(t.nice == -3 && t.num_threads == 4 && t.starttime == 63234);
	check(t.rsslim == UINT64_MAX && t.start_code == 4096 && t.end_code == 8192);
	check(t.start_stack == 140735826148480 && t.wchan == 1 && t.exit_signal == 17);
	check(t.processor == 1 && t.rt_priority == 9 && t.policy == 2);
	check(t.start_data == 12288 && t.end_data == 12290 && t.start_brk == 16384);
	check(t.arg_start == 100 && t.arg_end == 200 && t.env_start == 200 && t.env_end == 300);
	check(t.exit_code == 139);
}

static void keeps_a_name_that_looks_like_the_rest_of_the_line(void)
{
	struct stat_task t;
	struct err err = {};

	check(!stat_parse(line, &t, &err));
	check(!strcmp(t.comm, "a) R 1 (b"));
	check(!prctl(PR_SET_NAME, "x) Z\n1 (\\n"));
	check(!stat_read(getpid(), 0, &t, &err));
	check(!strcmp(t.comm, "x) Z\n1 (\\n"));
	check(t.pid == getpid() && t.state == 'R');
}

static void agrees_with_the_system_calls(void)
{
	struct stat_task t;
	struct err err = {};

	check(!stat_read(getpid(), 0, &t, &err));
	check(t.ppid == getppid() && t.pgrp == getpgrp() && t.session == getsid(0));
	check(t.num_threads == 1 && t.exit_signal == SIGCHLD && t.policy == 0);
	check(t.start_brk <= (uint64_t)sbrk(0) && t.start_code < t.end_code);
	check(t.start_stack && t.arg_start < t.arg_end && t.env_start <= t.env_end);
}

static void *in_thread(void *arg)
{
	struct stat_task *t = arg;
	struct err err = {};
	pid_t tid = (pid_t)syscall(SYS_gettid);

	check(!prctl(PR_SET_NAME, "thread"));
	check(!stat_read(getpid(), tid, t, &err));
	check(t->pid == tid);
	return NULL;
}

static void reads_one_thread(void)
{
	struct stat_task t = {};
	pthread_t thread;

	check(!pthread_create(&thread, NULL, in_thread, &t));
	check(!pthread_join(thread, NULL));
	check(!strcmp(t.comm, "thread") && t.num_threads == 2);
}

static void shows_how_a_zombie_ended(void)
{
	struct stat_task t;
	struct err err = {};
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	check(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	check(!stat_read(pid, 0, &t, &err));
	check(t.state == 'Z' && t.exit_code == 3 << 8 && t.flags & STAT_EXITING);
	check(waitpid(pid, NULL, 0) == pid);
	check(stat_read(pid, 0, &t, &err) == -ENOENT && err.n);
}

static void refuses_a_line_that_is_cut(void)
{
	static const char *const bad[] = {"", "42", "42 (a", "42 (a)", "42 (a) S", "x (a) S 1"};
	struct stat_task t;
	char cut[sizeof(line)];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {};

		check(stat_parse(bad[i], &t, &err) == -EPROTO && err.n);
	}
	for (size_t i = 0; i < sizeof(line) - 5; i++) { /* the last number may lose digits */
		struct err err = {};

		memcpy(cut, line, i);
		cut[i] = '\0';
		check(stat_parse(cut, &t, &err) == -EPROTO);
	}
}

RUN(TEST(reads_every_field_of_a_line), TEST(keeps_a_name_that_looks_like_the_rest_of_the_line),
    TEST(agrees_with_the_system_calls), TEST(reads_one_thread), TEST(shows_how_a_zombie_ended),
    TEST(refuses_a_line_that_is_cut))
