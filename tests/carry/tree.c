/* tree.c - who is whose child, in which group and session, and who has ended already */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/carry/carry.h"

static void a_child_that_has_a_child(void)
{
	pid_t me = getpid(), parent = getppid();
	int tell[2];
	char byte;

	check(!pipe(tell));
	pid_t child = fork();
	if (!child) {
		pid_t self = getpid();
		check(read(tell[0], &byte, 1) == 1);
		_exit(getpid() != self || getppid() != me);
	}
	other_carried();
	check(getpid() == me && getppid() == parent);
	check(write(tell[1], "", 1) == 1);

	int status;
	check(waitpid(child, &status, 0) == child && status == 0);
}

static void keeps_pids_of_children_and_grandchildren(void)
{
	struct other child = other_start(a_child_that_has_a_child);
	pid_t me = getpid();

	carried();
	check(getpid() == me);
	other_ends_well(&child);
}

static void a_leader_of_a_group(void)
{
	check(!setpgid(0, 0));
	other_carried();
	check(getpgrp() == getpid());
}

static pid_t led; /* group that a_member joins */

static void a_member(void)
{
	check(!setpgid(0, led));
	other_carried();
	check(getpgrp() == led);
}

static void keeps_groups_with_their_leaders(void)
{
	pid_t mine = getpgrp();
	struct other leader = other_start(a_leader_of_a_group);

	led = leader.pid;
	struct other member = other_start(a_member);
	carried();
	check(getpgrp() == mine);
	check(getpgid(leader.pid) == leader.pid && getpgid(member.pid) == leader.pid);
	other_ends_well(&leader);
	other_ends_well(&member);
}

static void keeps_groups_whose_leader_is_gone(void)
{
	struct other leader = other_start(a_leader_of_a_group);

	led = leader.pid;
	struct other one = other_start(a_member), two = other_start(a_member);
	other_ends_well(&leader);
	carried();
	check(getpgid(one.pid) == led && getpgid(two.pid) == led);
	check(kill(led, 0) < 0 && errno == ESRCH);
	check(kill(-led, 0) == 0);
	other_ends_well(&one);
	other_ends_well(&two);
}

static void keeps_a_group_whose_leader_is_a_zombie(void)
{
	struct other leader = other_start(a_leader_of_a_group);
	siginfo_t info;

	led = leader.pid;
	struct other member = other_start(a_member);
	check(write(leader.on[1], "", 1) == 1);
	check(!waitid(P_PID, (id_t)leader.pid, &info, WEXITED | WNOWAIT));
	carried();
	check(getpgid(member.pid) == leader.pid);
	check(waitpid(-leader.pid, NULL, WNOHANG) == leader.pid);
	other_ends_well(&member);
}

static void a_leader_of_a_session(void)
{
	pid_t older = getsid(0);
	int tell[2];
	char byte;

	check(!pipe(tell));
	pid_t elder = fork(); /* born before the session: stays in the older one */
	if (!elder) {
		check(read(tell[0], &byte, 1) == 1);
		_exit(getsid(0) != older);
	}
	check(setsid() == getpid());
	pid_t younger = fork();
	if (!younger) {
		check(!setpgid(0, 0));
		check(read(tell[0], &byte, 1) == 1);
		_exit(getsid(0) != getppid() || getpgrp() != getpid());
	}
	other_carried();
	check(getsid(0) == getpid() && getpgrp() == getpid());
	check(getsid(elder) == older && getsid(younger) == getpid());
	check(write(tell[1], "12", 2) == 2);

	int status;
	check(waitpid(elder, &status, 0) == elder && status == 0);
	check(waitpid(younger, &status, 0) == younger && status == 0);
}

static void keeps_sessions_and_who_was_born_before_them(void)
{
	pid_t mine = getsid(0);
	struct other child = other_start(a_leader_of_a_session);

	carried();
	check(getsid(0) == mine && getsid(child.pid) == child.pid);
	other_ends_well(&child);
}

static void a_daemon(void)
{
	check(!prctl(PR_SET_NAME, "daemon"));
	other_carried();
}

/* As daemons do: a leader makes the session and ends, its child goes on in it. */
static void keeps_a_session_whose_leader_is_gone(void)
{
	int got[2];
	pid_t ids[2];

	check(!pipe(got));
	pid_t leader = fork();
	if (!leader) {
		check(setsid() == getpid());
		struct other daemon = other_start(a_daemon);
		ids[0] = daemon.pid;
		ids[1] = daemon.on[1];
		check(write(got[1], ids, sizeof(ids)) == sizeof(ids));
		_exit(0);
	}
	check(waitpid(leader, NULL, 0) == leader);
	check(read(got[0], ids, sizeof(ids)) == sizeof(ids));
	check(getsid(ids[0]) == leader);
	carried();
	check(getsid(ids[0]) == leader && getpgid(ids[0]) == leader);
	check(kill(leader, 0) < 0 && errno == ESRCH);
	check(!kill(ids[0], SIGKILL));
}

static void leaves_orphans_to_the_first_process(void)
{
	int got[2], tell[2];
	pid_t orphan;
	char byte;

	check(!pipe(got) && !pipe(tell));
	pid_t parent = fork();
	if (!parent) {
		orphan = fork();
		if (!orphan) {
			check(read(tell[0], &byte, 1) == 1);
			byte = getppid() == 1 ? 'y' : 'n';
			check(write(got[1], &byte, 1) == 1);
			_exit(0);
		}
		check(write(got[1], &orphan, sizeof(orphan)) == sizeof(orphan));
		_exit(0);
	}
	check(waitpid(parent, NULL, 0) == parent);
	check(read(got[0], &orphan, sizeof(orphan)) == sizeof(orphan));
	carried();
	check(!kill(orphan, 0));
	check(write(tell[1], "", 1) == 1);
	check(read(got[0], &byte, 1) == 1 && byte == 'y');
}

static void an_orphan_maker(void)
{
	other_carried();
	if (!fork()) {
		usleep(1000);
		_exit(9);
	}
}

static void stays_the_reaper_of_its_descendants(void)
{
	int status;

	check(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	struct other child = other_start(an_orphan_maker);
	carried();
	other_ends_well(&child);
	check(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void keeps_zombies_with_their_exit_codes(void)
{
	siginfo_t info;
	int status;
	pid_t zero = fork();

	if (!zero)
		_exit(0);
	pid_t code = fork();
	if (!code)
		_exit(42);
	check(!waitid(P_PID, (id_t)zero, &info, WEXITED | WNOWAIT));
	check(!waitid(P_PID, (id_t)code, &info, WEXITED | WNOWAIT));
	carried();
	check(waitpid(code, &status, WNOHANG) == code);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	check(waitpid(zero, &status, WNOHANG) == zero && status == 0);
}

static void keeps_zombies_that_signals_killed(void)
{
	const int sig[] = {SIGKILL, SIGTERM, SIGSEGV, SIGRTMAX};
	const struct rlimit none = {0};
	pid_t child[4];
	siginfo_t info;
	int status;

	check(!setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		for (; !child[i];)
			pause();
		check(!kill(child[i], sig[i]));
		check(!waitid(P_PID, (id_t)child[i], &info, WEXITED | WNOWAIT));
	}
	carried();
	for (int i = 0; i < 4; i++) {
		check(waitpid(child[i], &status, WNOHANG) == child[i]);
		check(WIFSIGNALED(status) && WTERMSIG(status) == sig[i]);
	}
}

static char state_of(pid_t pid)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	const char *state = line_of(path, "State:", line, sizeof(line));
	check(state);
	return *state;
}

static void keeps_a_stopped_child_stopped(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		raise(SIGSTOP);
		_exit(5);
	}
	check(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	carried();
	usleep(1000);
	check(state_of(child) == 'T');
	check(!kill(child, SIGCONT));
	check(waitpid(child, &status, 0) == child);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

static void keeps_the_signal_that_tells_of_an_end(void)
{
	int status, sig;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t child = (pid_t)syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (!child)
		for (;;)
			pause();
	carried();
	check(!kill(child, SIGKILL));
	check(!sigwait(&set, &sig) && sig == SIGUSR1);
	check(waitpid(child, &status, __WALL) == child && WIFSIGNALED(status));
}

static void keeps_a_hundred_children(void)
{
	enum { N = 100 };
	int tell[2], status;
	pid_t child[N];
	char byte;

	check(!pipe(tell));
	for (int i = 0; i < N; i++) {
		child[i] = fork();
		if (!child[i]) {
			pid_t me = getpid();
			check(read(tell[0], &byte, 1) == 1);
			_exit(getpid() == me ? i : 255);
		}
	}
	carried();
	for (int i = 0; i < N; i++)
		check(write(tell[1], "", 1) == 1);
	for (int i = 0; i < N; i++)
		check(waitpid(child[i], &status, 0) == child[i] && WEXITSTATUS(status) == i);
}

static volatile int forked_later;

static void gets_the_next_pids_as_before(void)
{
	carried();
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (!child)
			_exit(0);
		check(child > 0 && waitpid(child, NULL, 0) == child);
		forked_later++;
	}
	check(forked_later == 20);
}

RUN(TEST(keeps_pids_of_children_and_grandchildren), TEST(keeps_groups_with_their_leaders),
    TEST(keeps_groups_whose_leader_is_gone), TEST(keeps_a_group_whose_leader_is_a_zombie),
    TEST(keeps_sessions_and_who_was_born_before_them),
    TEST(keeps_a_session_whose_leader_is_gone), TEST(leaves_orphans_to_the_first_process),
    TEST(stays_the_reaper_of_its_descendants), TEST(keeps_zombies_with_their_exit_codes),
    TEST(keeps_zombies_that_signals_killed), TEST(keeps_a_stopped_child_stopped),
    TEST(keeps_the_signal_that_tells_of_an_end), TEST(keeps_a_hundred_children),
    TEST(gets_the_next_pids_as_before))
