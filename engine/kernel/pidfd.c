#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/kernel/pidfd.h"
#include "runtime/base/err.h"

/* linux/pidfd.h of Linux 6.13; that of the build host may be older */
struct info {
	uint64_t mask, cgroup_id;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8], exit_code;
};
_Static_assert(sizeof(struct info) == 64, "PIDFD_INFO_SIZE_VER0");
enum { INFO_PID = 1 << 0, INFO_CGROUPID = 1 << 2 };
#define PIDFD_GET_INFO_IOCTL _IOWR(0xff, 11, struct info)

int pidfd_for(pid_t pid, enum pidfd_task task, struct err *err)
{
	unsigned int flags = task == PIDFD_OF_THREAD ? O_EXCL : 0; /* PIDFD_THREAD */
	int fd = (int)syscall(SYS_pidfd_open, pid, flags);

	return fd < 0 ? fail_errno(err, "pidfd of task %d", pid) : fd;
}

int pidfd_file(int pidfd, int fd, struct err *err)
{
	int got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return got < 0 ? fail_errno(err, "take descriptor %d", fd) : got;
}

int pidfd_signal(int pidfd, int signal, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
		return fail_errno(err, "send signal %d", signal);
	return 0;
}

int pidfd_read_ids(int pidfd, struct pidfd_ids *ret, struct err *err)
{
	struct info info = {.mask = INFO_PID | INFO_CGROUPID};

	if (ioctl(pidfd, PIDFD_GET_INFO_IOCTL, &info) < 0)
		return fail_errno(err, "PIDFD_GET_INFO");
	*ret = (struct pidfd_ids){
		.pid = (pid_t)info.pid,
		.tgid = (pid_t)info.tgid,
		.ppid = (pid_t)info.ppid,
		.cgroup_id = info.mask & INFO_CGROUPID ? info.cgroup_id : 0,
	};
	return 0;
}
