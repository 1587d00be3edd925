/* signals.c - handlers, masks, what is pending, and stacks to run handlers on */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "tests/carry/carry.h"

static _Thread_local volatile int calls, last, last_value, last_code;
static _Thread_local volatile pid_t last_pid;
static _Thread_local volatile uintptr_t last_stack;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	calls++;
	last = sig;
	last_value = info->si_value.sival_int;
	last_code = info->si_code;
	last_pid = info->si_pid;
	last_stack = (uintptr_t)__builtin_frame_address(0);
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = flags | SA_SIGINFO};

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGTERM);
	check(!sigaction(sig, &sa, NULL));
}

static sigset_t one(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static void block(int sig)
{
	sigset_t set = one(sig);

	check(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock(int sig)
{
	sigset_t set = one(sig);

	check(!sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static bool pends(int sig)
{
	sigset_t set;

	check(!sigpending(&set));
	return sigismember(&set, sig);
}

/* was_on() - the handler ran on this stack */
static bool was_on(const char *from, size_t size)
{
	return last_stack >= (uintptr_t)from && last_stack < (uintptr_t)from + size;
}

/* --- handlers and masks */

static void keeps_handlers_with_flags_and_masks(void)
{
	struct sigaction now;

	handle(SIGUSR1, SA_RESTART | SA_NODEFER);
	handle(SIGRTMAX, SA_ONSTACK);
	signal(SIGPIPE, SIG_IGN);
	carried();
	check(!sigaction(SIGUSR1, NULL, &now) && now.sa_sigaction == on_signal);
	check((now.sa_flags & (SA_RESTART | SA_NODEFER)) == (SA_RESTART | SA_NODEFER));
	check(sigismember(&now.sa_mask, SIGTERM) && !sigismember(&now.sa_mask, SIGINT));
	check(!sigaction(SIGRTMAX, NULL, &now) && now.sa_flags & SA_ONSTACK);
	check(!sigaction(SIGPIPE, NULL, &now) && now.sa_handler == SIG_IGN);
	check(!sigaction(SIGUSR2, NULL, &now) && now.sa_handler == SIG_DFL);
	check(!raise(SIGUSR1) && calls == 1 && last == SIGUSR1);
}

static void keeps_the_mask(void)
{
	sigset_t before, now;

	block(SIGUSR1);
	block(SIGCHLD);
	block(SIGRTMIN + 3);
	check(!sigprocmask(SIG_BLOCK, NULL, &before));
	carried();
	check(!sigprocmask(SIG_BLOCK, NULL, &now));
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		check(sigismember(&now, sig) == sigismember(&before, sig));
	check(sigismember(&now, SIGCHLD));
}

static void no_signal_is_left_by_being_carried(void)
{
	sigset_t all, pending;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig >= SIGRTMIN))
			handle(sig, 0);
	carried();
	check(!calls);
	sigfillset(&all);
	check(!sigprocmask(SIG_SETMASK, &all, NULL));
	carried();
	check(!sigpending(&pending));
	for (int sig = 1; sig < SIGRTMAX; sig++)
		check(!sigismember(&pending, sig));
}

static pthread_barrier_t set_up, go_on;

static void *with_mask(void *arg)
{
	sigset_t now;
	int sig = *(int *)arg;

	block(sig);
	check(!pthread_kill(pthread_self(), sig));
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(!pthread_sigmask(SIG_BLOCK, NULL, &now));
	check(sigismember(&now, sig) && !sigismember(&now, sig == SIGUSR1 ? SIGUSR2 : SIGUSR1));
	check(pends(sig));
	calls = 0;
	unblock(sig);
	check(calls == 1 && last == sig);
	return arg;
}

static void keeps_masks_and_pending_signals_of_each_thread(void)
{
	int sig[2] = {SIGUSR1, SIGUSR2};
	pthread_t thread[2];

	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 3);
	for (int i = 0; i < 2; i++) {
		check(!pthread_create(&thread[i], NULL, with_mask, &sig[i]));
		pthread_barrier_wait(&set_up);
	}
	carried();
	check(!pends(SIGUSR1) && !pends(SIGUSR2) && !calls);
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread[0], NULL) && !pthread_join(thread[1], NULL));
}

/* --- pending */

static void keeps_a_pending_signal_with_who_sent_it(void)
{
	handle(SIGUSR1, 0);
	block(SIGUSR1);
	check(!kill(getpid(), SIGUSR1));
	carried();
	check(pends(SIGUSR1) && !calls);
	unblock(SIGUSR1);
	check(calls == 1 && last_code == SI_USER && last_pid == getpid());
}

static void keeps_queued_signals_in_order_with_their_values(void)
{
	sigset_t set = one(SIGRTMIN + 1);
	siginfo_t info;

	sigaddset(&set, SIGRTMIN + 2);
	check(!sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 10; i++)
		check(!sigqueue(getpid(), SIGRTMIN + 1 + i % 2,
				(union sigval){.sival_int = 100 + i}));
	carried();
	for (int i = 0; i < 10; i += 2) {
		check(sigwaitinfo(&set, &info) == SIGRTMIN + 1);
		check(info.si_value.sival_int == 100 + i && info.si_code == SI_QUEUE);
		check(info.si_pid == getpid());
	}
	for (int i = 1; i < 10; i += 2)
		check(sigwaitinfo(&set, &info) == SIGRTMIN + 2 &&
		      info.si_value.sival_int == 100 + i);
	check(!pends(SIGRTMIN + 1) && !pends(SIGRTMIN + 2));
}

/* More than one visit of a thread can take; the limit of a user's queued signals is higher. */
static void keeps_five_hundred_queued_signals(void)
{
	sigset_t set = one(SIGRTMIN + 1);
	siginfo_t info;
	enum { N = 500 };

	block(SIGRTMIN + 1);
	for (int i = 0; i < N; i++)
		check(!sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}));
	carried();
	for (int i = 0; i < N; i++)
		check(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == i);
}

static void keeps_the_signal_of_a_child_that_ended(void)
{
	siginfo_t info;
	sigset_t set = one(SIGCHLD);

	block(SIGCHLD);
	pid_t child = fork();
	if (!child)
		_exit(11);
	check(!waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	carried();
	check(sigwaitinfo(&set, &info) == SIGCHLD);
	check(info.si_pid == child && info.si_status == 11 && info.si_code == CLD_EXITED);
	check(!pends(SIGCHLD));
}

static void an_end_that_was_reported_is_not_reported_again(void)
{
	siginfo_t info;
	sigset_t set = one(SIGCHLD);

	block(SIGCHLD);
	pid_t child = fork();
	if (!child)
		_exit(11);
	check(sigwaitinfo(&set, &info) == SIGCHLD);
	handle(SIGCHLD, 0);
	unblock(SIGCHLD);
	carried();
	check(!calls);
	check(waitpid(child, NULL, 0) == child);
}

static void a_stop_that_was_reported_is_not_reported_again(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		raise(SIGSTOP);
		_exit(0);
	}
	check(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	handle(SIGCHLD, 0);
	carried();
	usleep(1000);
	check(waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
	check(!calls);
	check(!kill(child, SIGKILL));
}

/* --- alternate stacks */

static char stack[16384], other_stack[16384];

static void runs_handlers_on_the_alternate_stack(void)
{
	const stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	stack_t now;

	handle(SIGUSR1, SA_ONSTACK);
	check(!sigaltstack(&ss, NULL));
	carried();
	check(!sigaltstack(NULL, &now));
	check(now.ss_sp == stack && now.ss_size == sizeof(stack) &&
	      !(now.ss_flags & SS_DISABLE));
	check(!raise(SIGUSR1) && was_on(stack, sizeof(stack)));
}

static void carried_inside(int sig)
{
	stack_t now;

	carried();
	last = sig;
	check(!sigaltstack(NULL, &now) && now.ss_flags & SS_ONSTACK);
	check(now.ss_sp == stack && now.ss_size == sizeof(stack));
}

static void is_carried_on_the_alternate_stack(void)
{
	const stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_handler = carried_inside, .sa_flags = SA_ONSTACK};
	stack_t now;

	check(!sigaltstack(&ss, NULL) && !sigaction(SIGUSR1, &sa, NULL));
	check(!raise(SIGUSR1) && last == SIGUSR1);
	check(!sigaltstack(NULL, &now) && now.ss_flags == 0 && now.ss_sp == stack);
}

static void *with_stack(void *arg)
{
	const stack_t ss = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};

	check(!sigaltstack(&ss, NULL));
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(!pthread_kill(pthread_self(), SIGUSR1));
	check(was_on(other_stack, sizeof(other_stack)));
	return arg;
}

static void keeps_an_alternate_stack_for_each_thread(void)
{
	const stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	pthread_t thread;

	handle(SIGUSR1, SA_ONSTACK);
	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	check(!sigaltstack(&ss, NULL));
	check(!pthread_create(&thread, NULL, with_stack, NULL));
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
	check(!raise(SIGUSR1) && was_on(stack, sizeof(stack)));
}

/* --- sent when a parent ends */

static int death_pipe[2];

static void a_child_that_outlives(void)
{
	sigset_t set = one(SIGUSR2);
	pid_t parent = getpid();

	block(SIGUSR2);
	if (!fork()) {
		siginfo_t info;
		int sig;

		check(!prctl(PR_SET_PDEATHSIG, SIGUSR2));
		check(write(death_pipe[1], "1", 1) == 1);
		while (sigwaitinfo(&set, &info) != SIGUSR2)
			check(errno == EINTR);
		check(!prctl(PR_GET_PDEATHSIG, &sig) && sig == SIGUSR2);
		check(getppid() != parent);
		check(write(death_pipe[1], "2", 1) == 1);
		_exit(0);
	}
	other_carried();
}

static void keeps_the_signal_for_the_end_of_the_parent(void)
{
	char byte;

	check(!pipe(death_pipe));
	struct other child = other_start(a_child_that_outlives);
	check(read(death_pipe[0], &byte, 1) == 1 && byte == '1');
	carried();
	other_ends_well(&child);
	check(read(death_pipe[0], &byte, 1) == 1 && byte == '2');
}

RUN(TEST(keeps_handlers_with_flags_and_masks), TEST(keeps_the_mask),
    TEST(no_signal_is_left_by_being_carried),
    TEST(keeps_masks_and_pending_signals_of_each_thread),
    TEST(keeps_a_pending_signal_with_who_sent_it),
    TEST(keeps_queued_signals_in_order_with_their_values),
    TEST(keeps_five_hundred_queued_signals), TEST(keeps_the_signal_of_a_child_that_ended),
    TEST(an_end_that_was_reported_is_not_reported_again),
    TEST(a_stop_that_was_reported_is_not_reported_again),
    TEST(runs_handlers_on_the_alternate_stack), TEST(is_carried_on_the_alternate_stack),
    TEST(keeps_an_alternate_stack_for_each_thread),
    TEST(keeps_the_signal_for_the_end_of_the_parent))
