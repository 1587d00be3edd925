/* addr.c - addresses of links
 *
 * Seen   RTM_GETADDR; IFA_PROTO says who made it (Linux 5.18)
 * Made   RTM_NEWADDR with the attributes as they were.  IPv6 without duplicate address detection:
 *        sockets are bound to it at once.  What is there already stays.
 * Left   IPv6 link-local addresses that the kernel makes from the hardware address, and temporary
 *        ones: the fresh link makes its own.
 * Removed  from loopback what the state has not: a task had removed it.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "netns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif
enum { MADE_BY_KERNEL_LL = 3 };

/* Flags that a request may set; the others are the kernel's findings. */
enum {
	SETTABLE = IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		   IFA_F_MCAUTOJOIN
};

int addresses_save(struct nl_sock *sock, struct arena *arena, struct netns_messages *ret,
		   struct err *err)
{
	const struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
	int r = netlink_list(sock, RTM_GETADDR, &any, sizeof(any), arena, ret, err);

	return r < 0 ? fail_in(err, "addresses") : 0;
}

struct address {
	const struct ifaddrmsg *head;
	struct nlattr *attr[IFA_MAX + 1];
	uint32_t flags;
	uint8_t proto;
};

static int parse(struct nlmsghdr *msg, struct address *ret, struct err *err)
{
	static const struct nla_policy policy[IFA_MAX + 1] = {
		[IFA_FLAGS] = {.type = NLA_U32},
		[IFA_PROTO] = {.type = NLA_U8},
	};
	int r = nlmsg_parse(msg, sizeof(*ret->head), ret->attr, IFA_MAX, policy);

	if (r < 0)
		return netlink_failed(err, r, "an address");
	ret->head = nlmsg_data(msg);
	ret->flags =
		ret->attr[IFA_FLAGS] ? nla_get_u32(ret->attr[IFA_FLAGS]) : ret->head->ifa_flags;
	ret->proto = ret->attr[IFA_PROTO] ? nla_get_u8(ret->attr[IFA_PROTO]) : 0;
	return 0;
}

static bool same_attr(const struct nlattr *a, const struct nlattr *b)
{
	if (!a || !b)
		return a == b;
	return nla_len(a) == nla_len(b) &&
	       !memcmp(nla_data(a), nla_data(b), (size_t)nla_len(a));
}

static bool is_same(const struct address *a, const struct address *b)
{
	return a->head->ifa_family == b->head->ifa_family &&
	       a->head->ifa_prefixlen == b->head->ifa_prefixlen &&
	       same_attr(a->attr[IFA_LOCAL], b->attr[IFA_LOCAL]) &&
	       same_attr(a->attr[IFA_ADDRESS], b->attr[IFA_ADDRESS]);
}

static bool makes_itself(const struct address *a)
{
	return a->head->ifa_family == AF_INET6 &&
	       (a->proto == MADE_BY_KERNEL_LL || a->flags & IFA_F_TEMPORARY);
}

/* --- restore */

struct restoring {
	struct nl_sock *sock;
	const struct links_map *map;
	const struct netns_messages *other; /* where to look for the same address */
	const struct address *wanted;
	bool found;
};

static int copy_attributes(struct nl_msg *msg, const struct address *a)
{
	int r = 0;

	for (int i = 1; i <= IFA_MAX && r >= 0; i++)
		if (a->attr[i] && i != IFA_FLAGS && i != IFA_TARGET_NETNSID)
			r = nla_put(msg, i, nla_len(a->attr[i]), nla_data(a->attr[i]));
	return r;
}

static int add(struct nl_sock *sock, const struct address *a, const struct netns_link *now,
	       struct err *err)
{
	scoped(netlink_drop) struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg head = *a->head;
	uint32_t flags = a->flags & SETTABLE;

	if (head.ifa_family == AF_INET6)
		flags |= IFA_F_NODAD;
	head.ifa_index = now->index;
	head.ifa_flags = (uint8_t)flags;
	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
	    copy_attributes(msg, a) < 0 || nla_put_u32(msg, IFA_FLAGS, flags) < 0)
		return fail(err, -ENOMEM, "netlink message");
	int r = netlink_ask(sock, &msg);
	return r < 0 && r != -NLE_EXIST
		       ? netlink_failed(err, r, "add an address to %s", now->name)
		       : 0;
}

static int restore_one(void *ctx, struct nlmsghdr *msg, struct err *err)
{
	const struct restoring *r = ctx;
	const struct netns_link *now;
	struct address a;
	int ret = parse(msg, &a, err);

	if (ret < 0 || makes_itself(&a))
		return ret;
	if (!links_by_index(r->map, a.head->ifa_index, &now))
		return fail(err, -EPROTO, "an address of link %u, which is not listed",
			    a.head->ifa_index);
	return now ? add(r->sock, &a, now, err) : 0;
}

/* --- what loopback has too much */

static int compare(void *ctx, struct nlmsghdr *msg, struct err *err)
{
	struct restoring *r = ctx;
	const struct netns_link *now;
	struct address a;
	int ret = parse(msg, &a, err);

	if (ret < 0)
		return ret;
	const struct netns_link *link = links_by_index(r->map, a.head->ifa_index, &now);
	r->found = link && link->type == ARPHRD_LOOPBACK && is_same(&a, r->wanted);
	return r->found;
}

static int delete (struct nl_sock *sock, const struct address *a, struct err *err)
{
	scoped(netlink_drop) struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELADDR, 0);

	if (!msg || nlmsg_append(msg, (void *)a->head, sizeof(*a->head), NLMSG_ALIGNTO) < 0 ||
	    copy_attributes(msg, a) < 0)
		return fail(err, -ENOMEM, "netlink message");
	int r = netlink_ask(sock, &msg);
	return r < 0 ? netlink_failed(err, r, "remove an address from loopback") : 0;
}

static bool is_of_loopback(const struct links_map *map, unsigned int index)
{
	for (size_t i = 0; i < map->state->n_links; i++)
		if (map->now[i] && map->now[i]->index == index)
			return map->now[i]->type == ARPHRD_LOOPBACK;
	return false;
}

static int remove_surplus(void *ctx, struct nlmsghdr *msg, struct err *err)
{
	struct restoring *r = ctx;
	struct address a;
	int ret = parse(msg, &a, err);

	if (ret < 0 || !is_of_loopback(r->map, a.head->ifa_index))
		return ret;
	r->wanted = &a;
	r->found = false;
	ret = netlink_each(&r->map->state->addresses, RTM_NEWADDR, sizeof(*a.head), compare, r,
			   err);
	return ret < 0 || r->found ? (ret < 0 ? ret : 0) : delete (r->sock, &a, err);
}

int addresses_restore(struct nl_sock *sock, const struct links_map *map, struct arena *arena,
		      struct err *err)
{
	struct restoring r = {.sock = sock, .map = map};
	struct netns_messages now;
	int ret = addresses_save(sock, arena, &now, err);

	if (ret >= 0)
		ret = netlink_each(&now, RTM_NEWADDR, sizeof(struct ifaddrmsg), remove_surplus,
				   &r, err);
	if (ret >= 0)
		ret = netlink_each(&map->state->addresses, RTM_NEWADDR,
				   sizeof(struct ifaddrmsg), restore_one, &r, err);
	return ret;
}
