/* test-fd-pidfd.c - processes that live, that have ended, and that are not ours */
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/fds.h"

static int of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	check(fd >= 0);
	return fd;
}

static void refers_to_the_same_process(void)
{
	struct world w;
	int before = of(getpid()), after = carry(&w, before, "pidfd");

	check(w.seen.file[0]->entry->pidfd->nspid == 7); /* the container's name for us */
	check(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	check(syscall(SYS_pidfd_send_signal, after, SIGUSR1, NULL, 0) == 0);
	struct stat a, b;
	check(fstat(before, &a) == 0 && fstat(after, &b) == 0 && a.st_ino == b.st_ino);
}

/* struct pidfd_info, as far as it is needed; 0: this kernel does not tell. */
static int ended_how(int fd)
{
	struct {
		uint64_t mask, cgroup;
		uint32_t ids[11];
		int32_t code;
	} info = {.mask = 1 << 3};

	return ioctl(fd, _IOWR(0xff, 11, info), &info) == 0 && info.mask & 8 ? info.code : 0;
}

static void stays_one_process_that_has_ended(void)
{
	if (getuid())
		skip("needs root");
	static const int want[] = {3 << 8, SIGTERM};

	for (int i = 0; i < 2; i++) {
		struct world w;
		struct stat a, b;
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(1);
		}
		int one = of(pid), two = of(pid);
		check(kill(pid, SIGTERM) == 0 && waitpid(pid, NULL, 0) == pid);
		world_start(&w);
		struct open_file *fa = world_see(&w, one), *fb = world_see(&w, two);
		world_dump(&w);
		check(fa->entry->pidfd->nspid == -1);
		if (ended_how(one) && i == 0)
			fa->entry->pidfd->attr->exit_code = want[0];
		world_restore(&w);
		one = world_fd(&w, fa->id), two = world_fd(&w, fb->id);
		check(syscall(SYS_pidfd_send_signal, one, 0, NULL, 0) < 0 && errno == ESRCH);
		struct pollfd p = {.fd = two, .events = POLLIN};
		check(poll(&p, 1, 0) == 1);
		check(fstat(one, &a) == 0 && fstat(two, &b) == 0 && a.st_ino == b.st_ino);
		check(ended_how(two) == 0 || ended_how(two) == want[i]);
	}
}

static void refuses_a_process_outside(void)
{
	struct world w;
	char want[192];
	int fd = of(getppid());

	world_start(&w);
	world_see(&w, fd);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: it is of process %d outside of the container; close it "
		 "before the checkpoint",
		 fd, getppid());
	world_refused(&w, want);
}

RUN(TEST(refers_to_the_same_process), TEST(stays_one_process_that_has_ended),
    TEST(refuses_a_process_outside))
