/* inside.c - pid 1 of a sandbox */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/cage/cage.h"

static const char *const kinds[] = {"mnt", "net", "ipc", "uts", "cgroup"};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Nothing is mounted, and no command starts, before every namespace is known to be a new one. */
static void enter_namespaces(const struct inside *inside)
{
	unsigned long before[N_KINDS];

	if (getpid() != 1 || namespace_id("pid") == inside->outside_pid)
		die("the pid namespace is still the one outside");
	for (size_t i = 0; i < N_KINDS; i++)
		before[i] = namespace_id(kinds[i]);
	cgroups_join(inside->groups);
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP) < 0)
		die("unshare: %m");
	for (size_t i = 0; i < N_KINDS; i++)
		if (namespace_id(kinds[i]) == before[i])
			die("the %s namespace is still the one outside", kinds[i]);
}

static void loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		die("set lo up: %m");
	close(fd);
}

/* The command's process group and session have their leader inside, or they have no number there.
 * With a terminal the session stays the caller's, else the terminal would be lost. */
static void lead(enum terminal terminal)
{
	if (terminal == TERMINAL_NONE) {
		setsid();
		return;
	}
	setpgid(0, 0);
	if (terminal == TERMINAL_OURS) {
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
	}
}

static pid_t start_command(const struct inside *inside)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %m");
	if (pid == 0) {
		lead(inside->terminal);
		sigprocmask(SIG_SETMASK, inside->mask, NULL);
		execvp(inside->argv[0], inside->argv);
		fprintf(stderr, "sandbox: %s: %m\n", inside->argv[0]);
		_exit(errno == ENOENT ? 127 : 126);
	}
	return pid;
}

/* Reaps whoever is orphaned until the command ends; returns its exit code. */
static int reap_until(pid_t command)
{
	int status;
	pid_t pid;

	do {
		pid = wait(&status);
		if (pid < 0 && errno != EINTR)
			die("wait: %m");
	} while (pid != command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void inside_run(const struct inside *inside)
{
	char byte;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(inside->go, &byte, 1) != 1)
		_exit(EXIT_CAGE); /* the front died before the line above */
	enter_namespaces(inside);
	cgroups_nest(inside->groups);
	mounts_furnish(inside->table, getenv("SANDBOX_TREE") ?: "/");
	loopback_up();
	setenv("SANDBOX_OUTSIDE", text("pid:[%lu]", inside->outside_pid), 1);
	unsetenv("SANDBOX_TIMEOUT");
	code = reap_until(start_command(inside));
	if (write(inside->status, &code, sizeof(code)) != sizeof(code))
		_exit(EXIT_CAGE);
	/* To end here would hang on children that are frozen: the front thaws and kills. */
	for (;;)
		pause();
}
