/* test-pidfd.c - a task as a descriptor */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/kernel/pidfd.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static pid_t waiting_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

static void takes_a_descriptor_that_shares_its_position(void)
{
	struct err err = {};
	scoped_fd int file = open("/proc/self/exe", O_RDONLY);
	pid_t pid = waiting_child();
	scoped_fd int pidfd = pidfd_for(pid, PIDFD_OF_PROCESS, &err);
	scoped_fd int taken = pidfd_file(pidfd, file, &err);

	check(pidfd >= 0 && taken >= 0 && taken != file);
	check(lseek(file, 77, SEEK_SET) == 77 && lseek(taken, 0, SEEK_CUR) == 77);
	check(fcntl(taken, F_GETFD) & FD_CLOEXEC);
	check(pidfd_file(pidfd, 4000, &err) == -EBADF);
	check(!pidfd_signal(pidfd, SIGKILL, &err) && waitpid(pid, NULL, 0) == pid);
}

static void sends_signals_until_the_task_is_gone(void)
{
	struct err err = {};
	int status = 0;
	pid_t pid = waiting_child();
	scoped_fd int pidfd = pidfd_for(pid, PIDFD_OF_PROCESS, &err);

	check(!pidfd_signal(pidfd, 0, &err) && !pidfd_signal(pidfd, SIGTERM, &err));
	check(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
	check(pidfd_signal(pidfd, 0, &err) == -ESRCH);
	check(pidfd_for(pid, PIDFD_OF_PROCESS, &err) == -ESRCH);
}

static void tells_who_the_task_is(void)
{
	struct err err = {};
	struct pidfd_ids ids;
	pid_t pid = waiting_child();
	scoped_fd int pidfd = pidfd_for(pid, PIDFD_OF_PROCESS, &err);
	int r = pidfd_read_ids(pidfd, &ids, &err);

	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	if (r == -ENOTTY)
		skip("the kernel has no PIDFD_GET_INFO (Linux 6.13)");
	check(!r && ids.pid == pid && ids.tgid == pid && ids.ppid == getpid());
}

static void *in_thread(void *arg)
{
	struct err err = {};
	int *ret = arg;
	pid_t tid = (pid_t)syscall(SYS_gettid);

	ret[0] = pidfd_for(tid, PIDFD_OF_PROCESS, &err);
	ret[1] = pidfd_for(tid, PIDFD_OF_THREAD, &err);
	return NULL;
}

static void opens_a_thread_only_as_a_thread(void)
{
	pthread_t thread;
	int ret[2];

	check(!pthread_create(&thread, NULL, in_thread, ret) && !pthread_join(thread, NULL));
	check(ret[0] == -EINVAL || ret[0] == -ENOENT);
	if (ret[1] == -EINVAL)
		skip("the kernel has no PIDFD_THREAD (Linux 6.9)");
	check(ret[1] >= 0);
}

RUN(TEST(takes_a_descriptor_that_shares_its_position),
    TEST(sends_signals_until_the_task_is_gone), TEST(tells_who_the_task_is),
    TEST(opens_a_thread_only_as_a_thread))
