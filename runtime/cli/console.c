#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/console.h"

static int connect_to(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	scoped_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		return fail(err, -ENAMETOOLONG, "--console-socket %s", path);
	memcpy(addr.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail_errno(err, "--console-socket %s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int console_open(const struct console_wish *wish, struct console *ret, struct err *err)
{
	int pair[2];

	*ret = CONSOLE_NONE;
	if (wish->socket_path && (!wish->detach || !wish->terminal))
		return fail(
			err, -EINVAL,
			"cannot use console socket if ckrun will not detach or allocate tty");
	if (!wish->terminal)
		return 0;
	if (wish->socket_path)
		return connect_to(wish->socket_path, &ret->socket, err);
	if (wish->detach)
		return fail(err, -EINVAL,
			    "cannot allocate tty if ckrun will detach without "
			    "setting console socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(err, "socketpair");
	*ret = (struct console){.socket = pair[0], .ours = pair[1]};
	return 0;
}

void console_close(struct console *console)
{
	scope_close(&console->socket);
	scope_close(&console->ours);
	*console = CONSOLE_NONE;
}

int console_master(const struct console *console, int *ret_fd, struct err *err)
{
	char name[256];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {name, sizeof(name)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	*ret_fd = -1;
	if (console->ours < 0)
		return 0;
	if (recvmsg(console->ours, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return fail_errno(err, "receive the terminal");
	const struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return fail(err, -EPROTO, "receive the terminal: no descriptor");
	memcpy(ret_fd, CMSG_DATA(head), sizeof(int));
	return 0;
}
