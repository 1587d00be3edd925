/* pidfd.c - pidfds of a child that lives, one that is a zombie, one that is
 * gone */
#include <poll.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "tests/carry/carry.h"

static int of(pid_t pid, unsigned int flags)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, flags);

	check(fd >= 0);
	return fd;
}

static bool is_over(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	check(poll(&p, 1, 0) >= 0);
	return p.revents & POLLIN;
}

static void waits_for_a_child_that_lives(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (!child) {
		pause();
		_exit(1);
	}
	int fd = of(child, O_NONBLOCK);
	carried();
	check(!is_over(fd) && fcntl(fd, F_GETFL) & O_NONBLOCK);
	check(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	check(poll(&p, 1, 5000) == 1);
	check(waitid(P_PIDFD, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == child);
	check(info.si_code == CLD_KILLED);
}

static void waits_for_a_zombie(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (!child)
		_exit(5);
	int fd = of(child, 0);
	check(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOWAIT) == 0);
	carried();
	check(is_over(fd));
	check(waitid(P_PIDFD, (id_t)fd, &info, WEXITED) == 0 && info.si_status == 5);
}

static void knows_one_that_is_gone(void)
{
	pid_t child = fork();

	if (!child)
		_exit(5);
	int fd = of(child, 0);
	check(waitpid(child, NULL, 0) == child);
	carried();
	check(is_over(fd));
	check(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) < 0 && errno == ESRCH);
}

RUN(TEST(waits_for_a_child_that_lives), TEST(waits_for_a_zombie), TEST(knows_one_that_is_gone))
