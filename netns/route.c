/* route.c - routes of IPv4 and IPv6, in every table
 *
 * Seen   RTM_GETROUTE.  Routes that the kernel keeps by itself (proto kernel: of addresses and
 *        links) come with those; cloned ones are its cache.
 * Made   RTM_NEWROUTE with the attributes as they were, links renumbered.  A gateway must be
 *        reachable first, so what fails is tried again after the others.  A route that is
 *        there already with the same metric stays: the fresh bundle's hooks made it.
 * Refused  routes over next-hop objects.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

static int save_family(struct nl_sock *sock, unsigned char family, struct arena *arena,
		       struct netns_messages *ret, struct err *err)
{
	const struct rtmsg any = {.rtm_family = family};

	return netlink_list(sock, RTM_GETROUTE, &any, sizeof(any), arena, ret, err);
}

int routes_save(struct nl_sock *sock, struct arena *arena, struct netns_state *state,
		struct err *err)
{
	int r = save_family(sock, AF_INET, arena, &state->routes, err);

	if (r >= 0)
		r = save_family(sock, AF_INET6, arena, &state->routes6, err);
	return r < 0 ? fail_in(err, "routes") : 0;
}

/* --- restore */

/* The link of an index in the state, in the fresh namespace; 0: none. */
static int renumber(const struct links_map *map, unsigned int index, unsigned int *ret,
		    struct err *err)
{
	const struct netns_link *now;

	*ret = 0;
	if (!index)
		return 0;
	if (!links_by_index(map, index, &now) || !now)
		return fail(err, -EPROTO, "link %u, which is not there", index);
	*ret = now->index;
	return 0;
}

static int put_multipath(struct nl_msg *msg, const struct links_map *map,
			 const struct nlattr *attr, struct err *err)
{
	struct nlattr *copy = nla_reserve(msg, RTA_MULTIPATH, nla_len(attr));
	unsigned int index;

	if (!copy)
		return fail(err, -ENOMEM, "netlink message");
	memcpy(nla_data(copy), nla_data(attr), (size_t)nla_len(attr));
	struct rtnexthop *hop = nla_data(copy);
	for (int left = nla_len(copy); left > 0;) {
		if (left < (int)sizeof(*hop) || !RTNH_OK(hop, left))
			return fail(err, -EPROTO, "its next hops are cut");
		int r = renumber(map, (unsigned int)hop->rtnh_ifindex, &index, err);
		if (r < 0)
			return r;
		hop->rtnh_ifindex = (int)index;
		hop->rtnh_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return 0;
}

static int put_attr(struct nl_msg *msg, const struct links_map *map, int type,
		    const struct nlattr *attr, struct err *err)
{
	unsigned int index;
	int r = 0;

	switch (type) {
	case RTA_OIF:
	case RTA_IIF:
		r = renumber(map, nla_get_u32(attr), &index, err);
		if (r >= 0 && nla_put_u32(msg, type, index) < 0)
			r = fail(err, -ENOMEM, "netlink message");
		return r;
	case RTA_MULTIPATH:
		return put_multipath(msg, map, attr, err);
	case RTA_CACHEINFO: /* the kernel's counters */
		return 0;
	case RTA_NH_ID:
		return refuse(err, "it leads over a next-hop object");
	default:
		if (nla_put(msg, type, nla_len(attr), nla_data(attr)) < 0)
			r = fail(err, -ENOMEM, "netlink message");
		return r;
	}
}

static int build(const struct links_map *map, struct nlmsghdr *from, struct nl_msg **ret,
		 struct err *err)
{
	static const struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_OIF] = {.type = NLA_U32},
		[RTA_IIF] = {.type = NLA_U32},
	};
	scoped(netlink_drop) struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *attr[RTA_MAX + 1];
	struct rtmsg head = *(const struct rtmsg *)nlmsg_data(from);
	int r = nlmsg_parse(from, sizeof(head), attr, RTA_MAX, policy);

	if (r < 0)
		return netlink_failed(err, r, "a route");
	head.rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return fail(err, -ENOMEM, "netlink message");
	for (int i = 1; i <= RTA_MAX; i++) {
		r = attr[i] ? put_attr(msg, map, i, attr[i], err) : 0;
		if (r < 0)
			return r;
	}
	*ret = take_ptr(msg);
	return 0;
}

static bool makes_itself(const struct nlmsghdr *msg)
{
	const struct rtmsg *head = nlmsg_data(msg);

	return head->rtm_protocol == RTPROT_KERNEL || head->rtm_flags & RTM_F_CLONED;
}

struct pass {
	struct nl_sock *sock;
	const struct links_map *map;
	size_t failed, done;
	struct err why;
};

static int restore_one(void *ctx, struct nlmsghdr *from, struct err *err)
{
	struct pass *pass = ctx;
	struct nl_msg *msg = NULL;

	if (makes_itself(from))
		return 0;
	int r = build(pass->map, from, &msg, err);
	if (r < 0)
		return fail_in(err, "a route");
	r = netlink_ask(pass->sock, &msg);
	if (r == -NLE_EXIST)
		return 0;
	if (r >= 0) {
		pass->done++;
		return 0;
	}
	pass->failed++;
	pass->why = (struct err){0};
	netlink_failed(&pass->why, r, "add a route");
	return 0;
}

static int restore_family(struct nl_sock *sock, const struct links_map *map,
			  const struct netns_messages *messages, struct err *err)
{
	struct pass pass = {.sock = sock, .map = map};
	int r = 0;

	do {
		pass.done = pass.failed = 0;
		r = netlink_each(messages, RTM_NEWROUTE, sizeof(struct rtmsg), restore_one,
				 &pass, err);
	} while (r >= 0 && pass.failed && pass.done);
	if (r >= 0 && pass.failed) {
		*err = pass.why;
		r = err->code;
	}
	return r;
}

int routes_restore(struct nl_sock *sock, const struct links_map *map, struct err *err)
{
	int r = restore_family(sock, map, &map->state->routes, err);

	return r < 0 ? r : restore_family(sock, map, &map->state->routes6, err);
}
