/* netlink.c - netlink(7): a program's talk with the kernel
 *
 * Seen   getsockname(2), getpeername(2); NETLINK_LIST_MEMBERSHIPS (Linux 4.2) for all groups
 * Made   bound to the same port id and groups.  Groups are numbers of the protocol: those of
 *        NETLINK_GENERIC are dealt out by each kernel, so its sockets are carried without any.
 * Lost   what the kernel would have told while nobody was there, as after ENOBUFS.
 * Refused  answers that wait to be read; a dump half way; the protocols below.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/fd/fown.h"
#include "engine/image/schema/netlink.pb-c.h"
#include "engine/sock/options.h"
#include "engine/sock/sock.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { WORD = 32 };

enum groups { ANY_GROUPS, NO_GROUPS };

static const struct {
	int protocol;
	enum groups groups;
	const char *name;
} protocols[] = {
	{NETLINK_ROUTE, ANY_GROUPS, "ROUTE"},
	{NETLINK_SOCK_DIAG, ANY_GROUPS, "SOCK_DIAG"},
	{NETLINK_KOBJECT_UEVENT, ANY_GROUPS, "KOBJECT_UEVENT"},
	{NETLINK_GENERIC, NO_GROUPS, "GENERIC"},
};

enum { N_PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

static bool netlink_match(const struct open_file *file)
{
	return sock_is(file, AF_NETLINK, -1, -1);
}

static int check_protocol(const struct open_file *file, const NetlinkSkEntry *e,
			  struct err *err)
{
	size_t i = 0;

	while (i < N_PROTOCOLS && protocols[i].protocol != (int)e->protocol)
		i++;
	if (i == N_PROTOCOLS)
		return refuse(
			err,
			"%s: netlink socket of protocol %u cannot be carried yet; close it "
			"before the checkpoint",
			file->link, e->protocol);
	for (size_t k = 0; protocols[i].groups == NO_GROUPS && k < e->n_groups; k++)
		if (e->groups[k])
			return refuse(
				err,
				"%s: netlink socket listens to groups of %s, whose numbers "
				"change; close it",
				file->link, protocols[i].name);
	return 0;
}

static int check_quiet(const struct open_file *file, struct err *err)
{
	char byte;

	if (sock_has_error(file->fd) ||
	    recv(file->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return refuse(err,
			      "%s: netlink messages wait to be read; try again when they are",
			      file->link);
	return 0;
}

static int dump_groups(struct arena *arena, int fd, NetlinkSkEntry *e, struct err *err)
{
	socklen_t len = 0;

	if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, NULL, &len) < 0)
		return fail_errno(err, "ask for netlink groups");
	e->groups = arena_alloc(arena, len);
	if (!e->groups)
		return fail(err, -ENOMEM, "no memory for netlink groups");
	if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, e->groups, &len) < 0)
		return fail_errno(err, "ask for netlink groups");
	e->n_groups = len / sizeof(*e->groups);
	return 0;
}

static int dump_addresses(int fd, NetlinkSkEntry *e, struct err *err)
{
	struct sockaddr_nl at = {0}, to = {0};
	socklen_t at_len = sizeof(at), to_len = sizeof(to);

	if (getsockname(fd, (struct sockaddr *)&at, &at_len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&to, &to_len) < 0)
		return fail_errno(err, "netlink addresses");
	e->portid = at.nl_pid;
	e->dst_portid = to.nl_pid;
	e->dst_group = to.nl_groups;
	return 0;
}

static int netlink_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct arena *arena = dump->model->arena;
	NetlinkSkEntry *e = arena_new_struct(arena, NetlinkSkEntry);
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	if (!e)
		return fail(err, -ENOMEM, "no memory for a netlink socket");
	netlink_sk_entry__init(e);
	file->entry->nlsk = e;
	e->id = file->id;
	e->ino = (uint32_t)file->st.st_ino;
	e->flags = file->flags;
	e->state = NETDIAG_CLOSE;
	e->has_ns_id = sock_ns_id(file, &e->ns_id);
	if (getsockopt(file->fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0)
		return fail_errno(err, "SO_PROTOCOL");
	e->protocol = (uint32_t)protocol;
	int r = dump_addresses(file->fd, e, err);
	if (r == 0)
		r = dump_groups(arena, file->fd, e, err);
	if (r == 0)
		r = check_protocol(file, e, err);
	if (r == 0)
		r = check_quiet(file, err);
	if (r == 0)
		r = options_dump(arena, file, &e->opts, err);
	return r < 0 ? r : fown_dump(dump, file, &e->fown, err);
}

static int join(int fd, const NetlinkSkEntry *e, struct err *err)
{
	for (size_t i = 0; i < e->n_groups * WORD; i++) {
		int group = (int)i + 1;

		if (!(e->groups[i / WORD] & 1u << i % WORD))
			continue;
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
		    0)
			return fail_errno(err, "join netlink group %d", group);
	}
	return 0;
}

static int address(int fd, const NetlinkSkEntry *e, struct err *err)
{
	const struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_pid = e->portid};
	const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK, .nl_pid = e->dst_portid, .nl_groups = e->dst_group};

	if (e->portid && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return fail_errno(err, "bind to netlink port %u", e->portid);
	if ((e->dst_portid || e->dst_group) &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return fail_errno(err, "connect to netlink port %u", e->dst_portid);
	return 0;
}

static int netlink_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			   struct err *err)
{
	const NetlinkSkEntry *e = file->entry->nlsk;

	if (!e || !e->opts)
		return fail(err, -EPROTO, "the record has no state");
	scoped_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)e->protocol);
	if (fd < 0)
		return fail_errno(err, "netlink socket of protocol %u", e->protocol);
	int r = address(fd, e, err);
	if (r == 0)
		r = join(fd, e, err);
	if (r == 0)
		r = options_restore(fd, e->opts, err);
	if (r == 0)
		r = fown_restore(make, fd, e->flags, e->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

const struct fd_kind fd_netlink = {
	.name = "netlink socket",
	.type = FD_TYPES__NETLINKSK,
	.match = netlink_match,
	.dump = netlink_dump,
	.restore = netlink_restore,
};
