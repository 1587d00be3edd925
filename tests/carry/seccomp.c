/* seccomp.c - filters go on judging */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/carry/carry.h"

/* A filter that answers system call nr with `action` and lets all others pass. */
static void install(unsigned int nr, uint32_t action, unsigned int flags)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {sizeof(insn) / sizeof(insn[0]), insn};

	check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) == 0);
}

static uint32_t errno_is(int error)
{
	return SECCOMP_RET_ERRNO | (uint32_t)error;
}

static int count_filters(void)
{
	char line[64];
	const char *n =
		line_of("/proc/thread-self/status", "Seccomp_filters:", line, sizeof(line));

	return n ? (int)strtol(n, NULL, 10) : -1;
}

static int mode(void)
{
	char line[64];

	return (int)strtol(line_of("/proc/thread-self/status", "Seccomp:", line, sizeof(line)),
			   NULL, 10);
}

static void goes_on_judging(void)
{
	int before = count_filters();

	install(SYS_getpriority, errno_is(77), 0);
	carried();
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 77);
	check(mode() == SECCOMP_MODE_FILTER && count_filters() == before + 1);
	check(getpid() > 0);
}

static void keeps_filters_of_an_unprivileged_user(void)
{
	check(!setuid(1000) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	install(SYS_getpriority, errno_is(78), 0);
	carried();
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 78 && getuid() == 1000);
}

/* The youngest is asked first; the strictest answer wins, of equals the youngest's. */
static void keeps_several_filters_in_order(void)
{
	install(SYS_getpriority, errno_is(10), 0);
	install(SYS_getpriority, errno_is(20), 0);
	install(SYS_sysinfo, errno_is(30), 0);
	carried();
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 20);
	check(syscall(SYS_sysinfo, 0) < 0 && errno == 30);
	install(SYS_getpriority, errno_is(40), 0);
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 40);
}

/* What a restore itself calls is not judged: these would end the task. */
static void keeps_filters_that_forbid_what_a_restore_needs(void)
{
	static const unsigned int forbidden[] = {
		SYS_mmap,    SYS_munmap, SYS_mremap,    SYS_prctl,        SYS_rt_sigaction,
		SYS_recvmsg, SYS_dup3,   SYS_setresuid, SYS_rt_sigreturn, SYS_prlimit64};

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		install(forbidden[i], SECCOMP_RET_KILL_PROCESS, 0);
	pid_t child = fork();
	if (!child) {
		syscall(SYS_mremap, 0, 0, 0, 0);
		_exit(0);
	}
	int status;
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	carried();
	child = fork();
	if (!child) {
		syscall(SYS_mremap, 0, 0, 0, 0);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void keeps_the_log_flag(void)
{
	install(SYS_getpriority, errno_is(5), SECCOMP_FILTER_FLAG_LOG);
	carried();
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 5);
}

static volatile int trapped;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
}

static void keeps_trapping(void)
{
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	check(!sigaction(SIGSYS, &sa, NULL));
	install(SYS_getpriority, SECCOMP_RET_TRAP, 0);
	carried();
	syscall(SYS_getpriority, 0, 0);
	check(trapped == SYS_getpriority);
}

static pthread_barrier_t set_up, go_on;

static void *judged(void *arg)
{
	install(SYS_getpriority, errno_is(66), 0);
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 66);
	return arg;
}

static void keeps_filters_of_each_thread(void)
{
	pthread_t thread;
	int before = count_filters();

	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	check(!pthread_create(&thread, NULL, judged, NULL));
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
	check(syscall(SYS_getpriority, 0, 0) >= 0 && count_filters() == before);
}

static void keeps_a_long_filter(void)
{
	static struct sock_filter insn[4000];
	struct sock_fprog prog = {4000, insn};

	for (int i = 0; i < 3999; i++)
		insn[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						       offsetof(struct seccomp_data, nr));
	insn[3999] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	int before = count_filters();
	for (int i = 0; i < 5; i++)
		check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
	carried();
	check(count_filters() == before + 5);
}

static void keeps_six_hundred_filters(void)
{
	int before = count_filters();

	for (int i = 0; i < 600; i++)
		install(SYS_getpriority, errno_is(1 + i % 100), 0);
	carried();
	check(count_filters() == before + 600);
	check(syscall(SYS_getpriority, 0, 0) < 0 && errno == 100);
}

/* Strict mode: read, write, exit and sigreturn are all that is left. */
static void a_strict_task(void)
{
	char byte = 0;

	check(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	other_carried();
	byte++;
	syscall(SYS_exit, 0);
}

static void keeps_strict_mode(void)
{
	struct other child = other_start(a_strict_task);
	char path[64], line[64];

	carried();
	snprintf(path, sizeof(path), "/proc/%d/status", child.pid);
	check(!strcmp(line_of(path, "Seccomp:", line, sizeof(line)), "1"));
	other_ends_well(&child);
}

RUN(TEST(goes_on_judging), TEST(keeps_filters_of_an_unprivileged_user),
    TEST(keeps_several_filters_in_order), TEST(keeps_filters_that_forbid_what_a_restore_needs),
    TEST(keeps_the_log_flag), TEST(keeps_trapping), TEST(keeps_filters_of_each_thread),
    TEST(keeps_a_long_filter), TEST(keeps_six_hundred_filters), TEST(keeps_strict_mode))
