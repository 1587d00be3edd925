#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns/netlink.h"
#include "netns/netns.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

enum { TRIES = 8, RECEIVE_BUFFER = 1 << 20 };

static const struct {
	int nle, code;
} codes[] = {
	{NLE_NOMEM, -ENOMEM},        {NLE_PERM, -EPERM},           {NLE_EXIST, -EEXIST},
	{NLE_OBJ_NOTFOUND, -ENOENT}, {NLE_OPNOTSUPP, -EOPNOTSUPP}, {NLE_NODEV, -ENODEV},
	{NLE_INVAL, -EINVAL},        {NLE_NOACCESS, -EACCES},
};

int netlink_failed(struct err *err, int nle, const char *fmt, ...)
{
	char what[ERR_FRAME_MAX];
	int code = -EIO;
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].nle == abs(nle))
			code = codes[i].code;
	return fail(err, code, "%s: %s", what, nl_geterror(nle));
}

int netlink_open(int protocol, struct nl_sock **ret, struct err *err)
{
	scoped(netlink_close) struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		return fail(err, -ENOMEM, "netlink socket");
	int r = nl_connect(sock, protocol);
	if (r < 0)
		return netlink_failed(err, r, "netlink socket");
	nl_socket_set_buffer_size(sock, RECEIVE_BUFFER, 0);
	*ret = take_ptr(sock);
	return 0;
}

void netlink_close(struct nl_sock **sock)
{
	int saved = errno;

	if (*sock)
		nl_socket_free(*sock);
	*sock = NULL;
	errno = saved;
}

void netlink_drop(struct nl_msg **msg)
{
	if (*msg)
		nlmsg_free(*msg);
	*msg = NULL;
}

struct collected {
	unsigned char *data;
	size_t len, size;
	bool out_of_memory;
};

static int collect(struct nl_msg *msg, void *ctx)
{
	struct collected *c = ctx;
	const struct nlmsghdr *head = nlmsg_hdr(msg);
	size_t len = NLMSG_ALIGN(head->nlmsg_len);

	if (c->size - c->len < len) {
		size_t size = c->size ? 2 * c->size : 16384;
		while (size - c->len < len)
			size *= 2;
		unsigned char *more = realloc(c->data, size);
		if (!more) {
			c->out_of_memory = true;
			return NL_STOP;
		}
		c->data = more;
		c->size = size;
	}
	memset(c->data + c->len, 0, len);
	memcpy(c->data + c->len, head, head->nlmsg_len);
	c->len += len;
	return NL_OK;
}

static int dump_once(struct nl_sock *sock, int type, const void *head, size_t len,
		     struct collected *c)
{
	c->len = 0;
	int r = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, collect, c);

	if (r >= 0)
		r = nl_send_simple(sock, type, NLM_F_DUMP, (void *)head, len);
	return r < 0 ? r : nl_recvmsgs_default(sock);
}

int netlink_list(struct nl_sock *sock, int type, const void *head, size_t len,
		 struct arena *arena, struct netns_messages *ret, struct err *err)
{
	struct collected c = {};
	int r = -NLE_DUMP_INTR;

	/* something changed while the kernel was listing */
	for (int i = 0; i < TRIES && r == -NLE_DUMP_INTR; i++)
		r = dump_once(sock, type, head, len, &c);
	scoped_free unsigned char *data = c.data;
	if (r < 0)
		return netlink_failed(err, r, "list by netlink");
	void *copy = c.out_of_memory ? NULL : arena_copy(arena, data ? data : head, c.len);
	if (!copy)
		return fail(err, -ENOMEM, "netlink messages");
	ret->data = copy;
	ret->len = c.len;
	return 0;
}

int netlink_ask(struct nl_sock *sock, struct nl_msg **msg)
{
	int r = nl_send_sync(sock, take_ptr(*msg));

	return r < 0 ? r : 0;
}

int netlink_each(const struct netns_messages *messages, int type, size_t head_len,
		 int (*visit)(void *ctx, struct nlmsghdr *msg, struct err *err), void *ctx,
		 struct err *err)
{
	struct nlmsghdr *msg = messages->data;
	int left = (int)messages->len, r = 0;

	for (; left > 0 && nlmsg_ok(msg, left); msg = nlmsg_next(msg, &left)) {
		if (msg->nlmsg_type != type)
			continue;
		if (nlmsg_datalen(msg) < (int)head_len)
			return fail(err, -EPROTO, "a message of %u bytes", msg->nlmsg_len);
		r = visit(ctx, msg, err);
		if (r)
			return r;
	}
	return left > 0 ? fail(err, -EPROTO, "%d bytes that are no message", left) : 0;
}
