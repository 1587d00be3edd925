/* test-status.c - identity, signals and credentials as the kernel prints them */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "engine/kernel/status.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static const char text[] =
	"Name:\ta\\nb\\\\c\nUmask:\t0027\nState:\tt (tracing stop)\nTgid:\t70\nNgid:\t0\n"
	"Pid:\t71\nPPid:\t0\nTracerPid:\t9\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967295\n"
	"FDSize:\t256\nGroups:\t10 20 65536 \nNStgid:\t70\t8\t1\nNSpid:\t71\t9\t2\n"
	"NSpgid:\t70\t8\t0\nNSsid:\t1\t0\t0\nKthread:\t0\nVmSize:\t    3060 kB\n"
	"THP_enabled:\t0\nuntag_mask:\t0xffffffffffffff00\nThreads:\t3\nSigQ:\t4/96365\n"
	"SigPnd:\t0000000000000200\nShdPnd:\t0000000000000800\nSigBlk:\t8000000000000001\n"
	"SigIgn:\t0000000000001000\nSigCgt:\t0000000000004a07\nCapInh:\t0000000000000001\n"
	"CapPrm:\t000001fffeffffff\nCapEff:\t0000000000000002\nCapBnd:\t0000000000000003\n"
	"CapAmb:\t0000000000000004\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n"
	"Cpus_allowed:\t1,00000000,80000003\nCpus_allowed_list:\t0-1\n"
	"x86_Thread_features:\tshstk wrss \nx86_Thread_features_locked:\tshstk \n";

static void reads_every_line(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct status_task t;
	struct err err = {};

	check(!status_parse(text, arena, &t, &err));
	check(!strcmp(t.name, "a\nb\\c") && t.umask == 027 && t.state == 't');
	check(t.tgid == 70 && t.pid == 71 && t.ppid == 0 && t.tracer == 9);
	check(t.uid[0] == 1 && t.uid[3] == 4 && t.gid[0] == 5 && t.gid[3] == UINT32_MAX);
	check(t.fd_size == 256 && t.groups.n == 3 && t.groups.id[2] == 65536);
	check(t.ns_tgid.n == 3 && t.ns_tgid.id[2] == 1 && t.ns_pid.id[1] == 9);
	check(t.ns_pgid.id[2] == 0 && t.ns_sid.id[0] == 1 && t.ns_sid.n == 3);
	check(t.has_mm && !t.thp_enabled && t.untag_mask == 0xffffffffffffff00 &&
	      t.threads == 3);
	check(t.sig_queued == 4 && t.sig_limit == 96365 && t.sig_pending == 0x200);
	check(t.shared_pending == 0x800 && t.sig_blocked == 0x8000000000000001);
	check(t.sig_ignored == 0x1000 && t.sig_caught == 0x4a07 && t.cap_inheritable == 1);
	check(t.cap_permitted == 0x1fffeffffff && t.cap_effective == 2 && t.cap_bounding == 3);
	check(t.cap_ambient == 4 && t.no_new_privs == 1 && t.seccomp == 2);
	check(t.seccomp_filters == 3 && t.features == (STATUS_SHSTK | STATUS_WRSS));
	check(t.cpus_allowed.n == 3 && t.cpus_allowed.word[0] == 0x80000003);
	check(t.cpus_allowed.word[1] == 0 && t.cpus_allowed.word[2] == 1);
}

static void agrees_with_the_system_calls(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct status_task t;
	struct err err = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	check(!sigprocmask(SIG_SETMASK, &set, NULL) && !raise(SIGUSR1));
	signal(SIGUSR2, SIG_IGN);
	umask(0153);
	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	check(!status_read(getpid(), 0, arena, &t, &err));
	check(t.pid == getpid() && t.tgid == getpid() && t.ppid == getppid());
	check(t.umask == 0153 && t.no_new_privs == 1 && t.state == 'R' && t.has_mm);
	check(t.sig_blocked == 1ULL << (SIGUSR1 - 1));
	check((t.sig_pending | t.shared_pending) == 1ULL << (SIGUSR1 - 1));
	check(t.sig_ignored & 1ULL << (SIGUSR2 - 1));
	check(t.uid[1] == geteuid() && t.gid[2] == getegid());
	check(t.groups.n == (uint32_t)getgroups(0, NULL));
	check(t.ns_pid.n >= 1 && t.ns_pid.id[0] == (uint32_t)getpid());
}

static void reads_as_many_groups_as_there_are(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct status_task t;
	struct err err = {};
	gid_t group[5000];

	for (gid_t i = 0; i < 5000; i++)
		group[i] = 100000 + i;
	if (setgroups(5000, group))
		skip("setgroups(2) is not permitted");
	check(!status_read(getpid(), 0, arena, &t, &err));
	check(t.groups.n == 5000 && t.groups.id[0] == 100000 && t.groups.id[4999] == 104999);
}

static void shows_the_own_view_of_a_task_in_another_pid_namespace(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct status_task t;
	struct err err = {};

	if (unshare(CLONE_NEWPID))
		skip("no new pid namespace is permitted");
	pid_t pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	check(!status_read(pid, 0, arena, &t, &err));
	check(t.ns_pid.n >= 2 && t.ns_pid.id[t.ns_pid.n - 1] == 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	_exit(0); /* the leak checker cannot start its task: this pid namespace is dead */
}

static void reads_a_zombie_that_has_no_memory(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct status_task t;
	struct err err = {};
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	check(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	check(!status_read(pid, 0, arena, &t, &err));
	check(t.state == 'Z' && !t.has_mm);
	waitpid(pid, NULL, 0);
}

static void refuses_text_that_is_cut_or_malformed(void)
{
	static const struct {
		const char *from, *to;
	} row[] = {
		{"Uid:\t1\t2", "Uid:\t1\tx"}, {"SigBlk:", "SigBlx:"},
		{"Pid:\t71", "Pid:\t-1"},     {"Groups:\t10", "Groups:\tte"},
		{"4/96365", "4-96365"},       {",80000003", "x80000003"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		scoped(arena_free) struct arena *arena = arena_new();
		char bad[sizeof(text)];
		struct status_task t;
		struct err err = {};

		memcpy(bad, text, sizeof(text));
		memcpy(strstr(bad, row[i].from), row[i].to, strlen(row[i].to));
		check(status_parse(bad, arena, &t, &err) == -EPROTO && err.n);
		bad[200] = '\0';
		check(status_parse(bad, arena, &t, &err) == -EPROTO);
	}
}

RUN(TEST(reads_every_line), TEST(agrees_with_the_system_calls),
    TEST(reads_as_many_groups_as_there_are),
    TEST(shows_the_own_view_of_a_task_in_another_pid_namespace),
    TEST(reads_a_zombie_that_has_no_memory), TEST(refuses_text_that_is_cut_or_malformed))
