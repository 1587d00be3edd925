/* share.c - tables that tasks have in common: descriptors, places, handlers, memory */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

/* What parent and child tell each other by, whatever else they share. */
static volatile struct {
	int set_up, go_on, fd, result;
} * talk;

static char stack[2][65536] __attribute__((aligned(16)));

static void start_talking(void)
{
	talk = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(talk != MAP_FAILED);
}

static void wait_for(volatile int *what, int value)
{
	for (int i = 0; i < 10000 && *what != value; i++)
		usleep(500);
	check(*what == value);
}

static pid_t start(int (*body)(void *), int flags)
{
	static int n;

	pid_t pid = clone(body, stack[n++] + sizeof(stack[0]), flags | SIGCHLD, NULL);
	check(pid > 0);
	return pid;
}

static void ends_well(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- each checks what the parent did, and does something itself */

static void meet(int turn)
{
	talk->set_up++;
	wait_for(&talk->go_on, turn);
}

static int uses_descriptors(void *turn)
{
	meet(turn ? 2 : 1);
	talk->result = fcntl(talk->fd, F_GETFD) == 0 && close(talk->fd) == 0;
	return 0;
}

static void shares_its_table_of_descriptors(void)
{
	start_talking();
	pid_t pid = start(uses_descriptors, CLONE_FILES);
	wait_for(&talk->set_up, 1);
	carried();
	talk->fd = open("made", O_CREAT | O_RDWR, 0600);
	talk->go_on = 1;
	ends_well(pid);
	check(talk->result && fcntl(talk->fd, F_GETFD) < 0 && errno == EBADF);
}

static int uses_places(void *arg)
{
	char cwd[64];

	meet(1);
	talk->result = getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/out/there");
	umask(0123);
	return arg != NULL;
}

static void shares_its_working_directory_and_umask(void)
{
	start_talking();
	check(!mkdir("there", 0755));
	pid_t pid = start(uses_places, CLONE_FS);
	wait_for(&talk->set_up, 1);
	carried();
	check(!chdir("there"));
	talk->go_on = 1;
	ends_well(pid);
	check(talk->result && umask(0) == 0123);
}

static int uses_memory(void *arg)
{
	meet(1);
	*(int *)arg += 1;
	return 0;
}

static void shares_its_memory(void)
{
	static int counter = 41;

	start_talking();
	pid_t pid = (pid_t)clone(uses_memory, stack[0] + sizeof(stack[0]), CLONE_VM | SIGCHLD,
				 &counter);
	wait_for(&talk->set_up, 1);
	carried();
	talk->go_on = 1;
	ends_well(pid);
	check(counter == 42);
}

static void on_signal(int sig)
{
	(void)sig;
}

static int uses_handlers(void *arg)
{
	struct sigaction now;

	meet(1);
	talk->result = !sigaction(SIGUSR1, NULL, &now) && now.sa_handler == on_signal;
	signal(SIGUSR2, SIG_IGN);
	return arg != NULL;
}

static void shares_its_handlers(void)
{
	struct sigaction now;

	start_talking();
	pid_t pid = start(uses_handlers, CLONE_SIGHAND | CLONE_VM);
	wait_for(&talk->set_up, 1);
	carried();
	signal(SIGUSR1, on_signal);
	talk->go_on = 1;
	ends_well(pid);
	check(talk->result && !sigaction(SIGUSR2, NULL, &now) && now.sa_handler == SIG_IGN);
}

static int shares_with_a_sibling(void *arg)
{
	/* a child of the test's, not of this one, with this one's table */
	pid_t pid = (pid_t)clone(uses_descriptors, stack[1] + sizeof(stack[1]),
				 CLONE_FILES | CLONE_PARENT | SIGCHLD, stack);

	check(!arg);
	talk->result = pid;
	meet(1);
	talk->fd = open("made", O_CREAT | O_RDWR, 0600);
	talk->go_on = 2;
	return 0;
}

static void siblings_share_what_their_parent_does_not(void)
{
	start_talking();
	pid_t one = start(shares_with_a_sibling, 0);
	wait_for(&talk->set_up, 2);
	pid_t two = talk->result;
	carried();
	talk->result = 0;
	talk->go_on = 1;
	ends_well(one);
	ends_well(two);
	check(talk->result && fcntl(talk->fd, F_GETFD) < 0);
}

static void an_open_file_is_one_for_both(void)
{
	start_talking();
	int fd = open("file", O_CREAT | O_RDWR, 0600);
	pid_t child = fork();
	if (!child) {
		meet(1);
		_exit(write(fd, "child", 5) != 5);
	}
	wait_for(&talk->set_up, 1);
	carried();
	check(write(fd, "parent", 6) == 6);
	talk->go_on = 1;
	ends_well(child);
	check(lseek(fd, 0, SEEK_CUR) == 11);
}

RUN(TEST(shares_its_table_of_descriptors), TEST(shares_its_working_directory_and_umask),
    TEST(shares_its_memory), TEST(shares_its_handlers),
    TEST(siblings_share_what_their_parent_does_not), TEST(an_open_file_is_one_for_both))
