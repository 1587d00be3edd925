#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/sync.h"

enum { FILTER_MAX = 4096 * 8 }; /* BPF_MAXINSNS instructions */

int sync_pair(int ret[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return fail_errno(err, "socketpair");
	return 0;
}

static int send_parts(int sock, struct iovec *part, size_t n, struct err *err)
{
	const struct msghdr msg = {.msg_iov = part, .msg_iovlen = n};
	ssize_t r;

	do
		r = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno != EPIPE && errno != ECONNRESET)
		return fail_errno(err, "send to the other side of the container");
	return 0;
}

int sync_send(int sock, const struct sync_message *message, struct err *err)
{
	struct sync_message copy = *message;
	struct iovec part = {&copy, sizeof(copy)};

	return send_parts(sock, &part, 1, err);
}

int sync_say(int sock, enum sync_kind kind, struct err *err)
{
	const struct sync_message message = {.kind = kind};

	return sync_send(sock, &message, err);
}

int sync_send_filter(int sock, const void *program, size_t size, struct err *err)
{
	struct sync_message head = {.kind = SYNC_FILTER};
	struct iovec part[] = {{&head, sizeof(head)}, {(void *)program, size}};

	return send_parts(sock, part, 2, err);
}

int sync_receive(int sock, struct sync_message *ret, void **ret_filter, size_t *ret_size,
		 struct err *err)
{
	scoped_free void *filter = ret_filter ? malloc(FILTER_MAX) : NULL;
	struct iovec part[] = {{ret, sizeof(*ret)}, {filter, FILTER_MAX}};
	struct msghdr msg = {.msg_iov = part, .msg_iovlen = ret_filter ? 2 : 1};
	ssize_t n;

	if (ret_filter && !filter)
		return fail(err, -ENOMEM, "out of memory");
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		return fail_errno(err, "hear from the other side of the container");
	if (n <= 0)
		return 0;
	if ((size_t)n < sizeof(*ret))
		return fail(err, -EPROTO, "%zd bytes are no message", n);
	if (ret_filter && ret->kind == SYNC_FILTER) {
		*ret_size = (size_t)n - sizeof(*ret);
		*ret_filter = take_ptr(filter);
	}
	return 1;
}
