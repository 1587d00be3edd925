#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/kernel/pidfd.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int pass_open(struct calls *calls, pid_t tid, int pidfd, int num, struct err *err)
{
	uint64_t pair = calls_room(calls, 2 * sizeof(int));
	int end[2];

	calls_add(calls, "close_range", SYS_close_range, 0, ~0U, 0);
	calls_add(calls, "socketpair", SYS_socketpair, AF_UNIX, SOCK_SEQPACKET, 0, pair);
	int r = calls_run(calls, tid, err);
	if (r < 0)
		return r;
	memcpy(end, calls_at(calls, pair), sizeof(end));
	scoped_fd int ours = pidfd_file(pidfd, end[0], err);
	if (ours < 0)
		return ours;
	calls_add(calls, "dup3", SYS_dup3, (uint64_t)end[1], (uint64_t)num, O_CLOEXEC);
	calls_add(calls, "close_range", SYS_close_range, 0, (uint64_t)(num - 1), 0);
	r = calls_run(calls, tid, err);
	return r < 0 ? r : take_fd(&ours);
}

struct rights {
	_Alignas(struct cmsghdr) char data[CMSG_SPACE(PASS_MAX * sizeof(int))];
};

static int send_files(int ours, const int *fd, size_t n, struct err *err)
{
	struct rights rights = {0};
	char byte = 0;
	struct iovec io = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = rights.data,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fd, n * sizeof(int));
	if (sendmsg(ours, &msg, 0) < 0)
		return fail_errno(err, "pass %zu descriptors", n);
	return 0;
}

int pass_files(int ours, struct calls *calls, pid_t tid, int num, const int *fd, size_t n,
	       int *ret_num, struct err *err)
{
	if (!n)
		return 0;
	int r = send_files(ours, fd, n, err);
	if (r < 0)
		return r;
	uint64_t rights = calls_room(calls, sizeof(struct rights));
	struct iovec io = {(void *)(uintptr_t)calls_room(calls, 16), 1}; // NOLINT: the task's
	struct msghdr msg = {
		.msg_iov = (void *)(uintptr_t)calls_data(calls, &io, sizeof(io)), // NOLINT
		.msg_iovlen = 1,
		.msg_control = (void *)(uintptr_t)rights, // NOLINT
		.msg_controllen = sizeof(struct rights),
	};
	uint64_t at = calls_data(calls, &msg, sizeof(msg));
	calls_add(calls, "recvmsg", SYS_recvmsg, (uint64_t)num, at, MSG_CMSG_CLOEXEC);
	r = calls_run(calls, tid, err);
	if (r < 0)
		return r;
	const struct cmsghdr *c = calls_at(calls, rights);
	if (c->cmsg_len != CMSG_LEN(n * sizeof(int)))
		return fail(err, -EMFILE, "thread %d got not all of %zu descriptors", tid, n);
	memcpy(ret_num, CMSG_DATA(c), n * sizeof(int));
	return 0;
}
