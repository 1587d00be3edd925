#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/kernel/fdinfo.h"
#include "engine/kernel/netdiag.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { ALL_STATES = -1, BUFFER = 64 << 10 };

/* What the callbacks of libnl fill */
struct dump {
	struct arena *arena;
	struct netdiag_unix_list unix_list;
	struct netdiag_inet_list inet_list;
	int failed; /* negative errno: the kernel's, or out of memory */
};

static void free_socket(struct nl_sock **sk)
{
	nl_socket_free(*sk);
}

static int take_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct dump *dump = arg;

	(void)from;
	dump->failed = error->error ? error->error : -EPROTO;
	return NL_STOP;
}

/* A dump that fails ends like a good one, but with the error in its last message. */
static int take_end(struct nl_msg *msg, void *arg)
{
	struct dump *dump = arg;
	const struct nlmsghdr *head = nlmsg_hdr(msg);
	int error = 0;

	if (nlmsg_datalen(head) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(head), sizeof(error));
	if (error < 0)
		dump->failed = error;
	return NL_OK;
}

/* Sends the request and lets each() take every answer. */
static int run(const void *request, size_t size, nl_recvmsg_msg_cb_t each, struct dump *dump,
	       struct err *err)
{
	scoped(free_socket) struct nl_sock *sk = nl_socket_alloc();
	int r;

	if (!sk)
		return fail(err, -ENOMEM, "no memory for a netlink socket");
	r = nl_connect(sk, NETLINK_SOCK_DIAG);
	if (r < 0)
		return fail(err, -EPROTONOSUPPORT, "NETLINK_SOCK_DIAG: %s", nl_geterror(r));
	nl_socket_set_msg_buf_size(sk, BUFFER);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, each, dump);
	nl_socket_modify_cb(sk, NL_CB_FINISH, NL_CB_CUSTOM, take_end, dump);
	nl_socket_modify_err_cb(sk, NL_CB_CUSTOM, take_error, dump);
	/* a request of another kind's size is EINVAL; libnl wants to write to it */
	r = nl_send_simple(sk, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, (void *)request, size);
	if (r >= 0)
		r = nl_recvmsgs_default(sk);
	if (dump->failed)
		return fail(err, dump->failed, "%s", strerrordesc_np(-dump->failed));
	return r < 0 ? fail(err, -EIO, "netlink: %s", nl_geterror(r)) : 0;
}

static uint64_t cookie(const uint32_t half[2])
{
	return (uint64_t)half[1] << 32 | half[0];
}

/* The attributes of an AF_UNIX answer, one function each; false: out of memory. */
typedef bool take_fn(struct netdiag_unix *s, const void *data, uint32_t len,
		     struct arena *arena);

static bool take_name(struct netdiag_unix *s, const void *data, uint32_t len,
		      struct arena *arena)
{
	char *name = arena_alloc(arena, (size_t)len + 1);

	if (name)
		memcpy(name, data, len);
	s->named = true;
	s->name = name;
	s->name_len = len;
	return name;
}

static bool take_vfs(struct netdiag_unix *s, const void *data, uint32_t len,
		     struct arena *arena)
{
	struct unix_diag_vfs vfs = {};

	(void)arena;
	memcpy(&vfs, data, len < sizeof(vfs) ? len : sizeof(vfs));
	s->has_vfs = true;
	s->vfs_ino = vfs.udiag_vfs_ino;
	s->vfs_dev = fdinfo_dev(vfs.udiag_vfs_dev);
	return true;
}

static bool take_peer(struct netdiag_unix *s, const void *data, uint32_t len,
		      struct arena *arena)
{
	(void)arena;
	if (len >= sizeof(s->peer))
		memcpy(&s->peer, data, sizeof(s->peer));
	return true;
}

static bool take_icons(struct netdiag_unix *s, const void *data, uint32_t len,
		       struct arena *arena)
{
	s->icons_n = len / sizeof(*s->icons);
	s->icons = arena_copy(arena, data, s->icons_n * sizeof(*s->icons));
	return s->icons;
}

static bool take_queue(struct netdiag_unix *s, const void *data, uint32_t len,
		       struct arena *arena)
{
	struct unix_diag_rqlen queue = {};

	(void)arena;
	memcpy(&queue, data, len < sizeof(queue) ? len : sizeof(queue));
	s->rqueue = queue.udiag_rqueue;
	s->wqueue = queue.udiag_wqueue;
	return true;
}

static bool take_shutdown(struct netdiag_unix *s, const void *data, uint32_t len,
			  struct arena *arena)
{
	(void)arena;
	s->shutdown = len ? *(const uint8_t *)data : 0;
	return true;
}

static bool take_uid(struct netdiag_unix *s, const void *data, uint32_t len,
		     struct arena *arena)
{
	(void)arena;
	if (len >= sizeof(s->uid))
		memcpy(&s->uid, data, sizeof(s->uid));
	return true;
}

static take_fn *const unix_attributes[] = {
	[UNIX_DIAG_NAME] = take_name,   [UNIX_DIAG_VFS] = take_vfs,
	[UNIX_DIAG_PEER] = take_peer,   [UNIX_DIAG_ICONS] = take_icons,
	[UNIX_DIAG_RQLEN] = take_queue, [UNIX_DIAG_SHUTDOWN] = take_shutdown,
	[UNIX_DIAG_UID] = take_uid,
};

static int stop(struct dump *dump, int error)
{
	dump->failed = error;
	return NL_STOP;
}

static int each_unix(struct nl_msg *msg, void *arg)
{
	struct dump *dump = arg;
	struct netdiag_unix_list *list = &dump->unix_list;
	const struct nlmsghdr *head = nlmsg_hdr(msg);
	const struct unix_diag_msg *m = nlmsg_data(head);
	struct nlattr *a;
	int left;

	if (!nlmsg_valid_hdr(head, sizeof(*m)))
		return stop(dump, -EPROTO);
	list->sock = arena_grow(dump->arena, list->sock, list->n, sizeof(*list->sock));
	if (!list->sock)
		return stop(dump, -ENOMEM);
	struct netdiag_unix *s = &list->sock[list->n++];
	*s = (struct netdiag_unix){
		.ino = m->udiag_ino,
		.cookie = cookie(m->udiag_cookie),
		.type = m->udiag_type,
		.state = m->udiag_state,
	};
	/* not nla_parse(): the kernel's UNIX_DIAG_NAME is 0, which libnl takes for none */
	nla_for_each_attr(a, nlmsg_attrdata(head, sizeof(*m)), nlmsg_attrlen(head, sizeof(*m)),
			  left)
	{
		size_t type = (size_t)nla_type(a);

		if (type >= sizeof(unix_attributes) / sizeof(unix_attributes[0]) ||
		    !unix_attributes[type])
			continue;
		if (!unix_attributes[type](s, nla_data(a), (uint32_t)nla_len(a), dump->arena))
			return stop(dump, -ENOMEM);
	}
	return NL_OK;
}

static void take_inet(struct netdiag_inet *s, const struct inet_diag_msg *m)
{
	*s = (struct netdiag_inet){
		.ino = m->idiag_inode,
		.cookie = cookie(m->id.idiag_cookie),
		.family = m->idiag_family,
		.state = m->idiag_state,
		.src_port = ntohs(m->id.idiag_sport),
		.dst_port = ntohs(m->id.idiag_dport),
		.ifindex = m->id.idiag_if,
		.rqueue = m->idiag_rqueue,
		.wqueue = m->idiag_wqueue,
		.uid = m->idiag_uid,
	};
	memcpy(&s->src, m->id.idiag_src, sizeof(s->src));
	memcpy(&s->dst, m->id.idiag_dst, sizeof(s->dst));
}

static int each_inet(struct nl_msg *msg, void *arg)
{
	struct dump *dump = arg;
	struct netdiag_inet_list *list = &dump->inet_list;
	const struct nlmsghdr *head = nlmsg_hdr(msg);
	const struct inet_diag_msg *m = nlmsg_data(head);
	struct nlattr *a;
	int left;

	if (!nlmsg_valid_hdr(head, sizeof(*m)))
		return stop(dump, -EPROTO);
	list->sock = arena_grow(dump->arena, list->sock, list->n, sizeof(*list->sock));
	if (!list->sock)
		return stop(dump, -ENOMEM);
	struct netdiag_inet *s = &list->sock[list->n++];
	take_inet(s, m);
	nla_for_each_attr(a, nlmsg_attrdata(head, sizeof(*m)), nlmsg_attrlen(head, sizeof(*m)),
			  left)
	{
		if (nla_type(a) == INET_DIAG_SHUTDOWN && nla_len(a))
			s->shutdown = nla_get_u8(a);
		if (nla_type(a) == INET_DIAG_SKV6ONLY && nla_len(a))
			s->v6only = nla_get_u8(a);
	}
	return NL_OK;
}

int netdiag_unix(struct arena *arena, struct netdiag_unix_list *ret, struct err *err)
{
	const struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = (uint32_t)ALL_STATES,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |
			      UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID,
	};
	struct dump dump = {.arena = arena};

	if (run(&request, sizeof(request), each_unix, &dump, err) < 0)
		return fail_in(err, "list the unix sockets");
	*ret = dump.unix_list;
	return 0;
}

int netdiag_inet(int family, int protocol, struct arena *arena, struct netdiag_inet_list *ret,
		 struct err *err)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = (uint8_t)protocol,
		.idiag_states = (uint32_t)ALL_STATES,
	};
	struct dump dump = {.arena = arena};

	if (run(&request, sizeof(request), each_inet, &dump, err) < 0)
		return fail_in(err, "list the sockets of protocol %d over IPv%d", protocol,
			       family == AF_INET ? 4 : 6);
	for (size_t i = 0; i < dump.inet_list.n; i++)
		dump.inet_list.sock[i].protocol = (uint8_t)protocol;
	*ret = dump.inet_list;
	return 0;
}

const struct netdiag_unix *netdiag_unix_find(const struct netdiag_unix_list *list, uint32_t ino)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->sock[i].ino == ino)
			return &list->sock[i];
	return NULL;
}

const struct netdiag_inet *netdiag_inet_find(const struct netdiag_inet_list *list, uint32_t ino)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->sock[i].ino == ino)
			return &list->sock[i];
	return NULL;
}
