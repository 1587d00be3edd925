/* link.c - list links, find them again by name, change them
 *
 * Indexes: lo is 1, others count up per namespace; messages of addresses and routes name links by
 * index, so what is restored is told apart by name and renumbered.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/route/link.h>
#include <string.h>

#include "netns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

static void free_cache(struct nl_cache **cache)
{
	if (*cache)
		nl_cache_free(*cache);
}

static void describe_address(struct rtnl_link *from, struct netns_link *to)
{
	const struct nl_addr *address = rtnl_link_get_addr(from);
	size_t len = address ? nl_addr_get_len(address) : 0;

	if (len > sizeof(to->address))
		len = sizeof(to->address);
	if (len)
		memcpy(to->address, nl_addr_get_binary_addr(address), len);
	to->address_len = len;
}

static int describe(struct rtnl_link *from, struct arena *arena, struct netns_link *to,
		    struct err *err)
{
	const char *kind = rtnl_link_get_type(from);
	int32_t nsid = -1;

	to->index = (unsigned int)rtnl_link_get_ifindex(from);
	to->name = arena_strdup(arena, rtnl_link_get_name(from));
	to->kind = arena_strdup(arena, kind ? kind : "");
	if (!to->name || !to->kind)
		return fail(err, -ENOMEM, "links");
	to->mtu = rtnl_link_get_mtu(from);
	to->flags = rtnl_link_get_flags(from);
	to->type = rtnl_link_get_arptype(from);
	to->peer = (unsigned int)rtnl_link_get_link(from);
	to->peer_nsid = rtnl_link_get_link_netnsid(from, &nsid) < 0 ? -1 : nsid;
	to->has_peer = to->peer != 0 || to->peer_nsid >= 0;
	describe_address(from, to);
	return 0;
}

int links_list(struct nl_sock *sock, struct arena *arena, struct netns_link **ret,
	       size_t *ret_n, struct err *err)
{
	scoped(free_cache) struct nl_cache *cache = NULL;
	struct netns_link *list = NULL;
	size_t n = 0;
	int r = rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);

	if (r < 0)
		return netlink_failed(err, r, "list links");
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct netns_link *more = arena_grow(arena, list, n, sizeof(*list));

		if (!more)
			return fail(err, -ENOMEM, "links");
		list = more;
		r = describe((struct rtnl_link *)o, arena, &list[n++], err);
		if (r < 0)
			return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int link_change(struct nl_sock *sock, const struct netns_link *now, unsigned int mask,
		unsigned int flags, unsigned int mtu, struct err *err)
{
	scoped(netlink_drop) struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct ifinfomsg head = {
		.ifi_index = (int)now->index,
		.ifi_change = mask,
		.ifi_flags = flags,
	};

	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
	    (mtu && nla_put_u32(msg, IFLA_MTU, mtu) < 0))
		return fail(err, -ENOMEM, "netlink message");
	int r = netlink_ask(sock, &msg);
	return r < 0 ? netlink_failed(err, r, "change link %s", now->name) : 0;
}

/* --- a state's links in a fresh namespace */

static const struct netns_link *by_name(const struct netns_link *list, size_t n,
					const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

int links_match(const struct netns_state *state, const struct netns_link *now, size_t n,
		struct arena *arena, struct links_map *ret, struct err *err)
{
	ret->state = state;
	ret->now = arena_alloc(arena, (state->n_links + 1) * sizeof(ret->now[0]));
	if (!ret->now)
		return fail(err, -ENOMEM, "links");
	for (size_t i = 0; i < state->n_links; i++) {
		const struct netns_link *link = &state->link[i];

		ret->now[i] = by_name(now, n, link->name);
		if (!ret->now[i] && !link_kind_of(link)->may_miss)
			return refuse(
				err,
				"link %s (%s) of the image is not in the restored network "
				"namespace; let the bundle's hooks plug it",
				link->name, *link->kind ? link->kind : "hardware");
	}
	return 0;
}

const struct netns_link *links_by_index(const struct links_map *map, unsigned int index,
					const struct netns_link **ret_now)
{
	for (size_t i = 0; i < map->state->n_links; i++)
		if (map->state->link[i].index == index) {
			*ret_now = map->now[i];
			return &map->state->link[i];
		}
	*ret_now = NULL;
	return NULL;
}

int links_restore(struct nl_sock *sock, const struct links_map *map, struct err *err)
{
	for (size_t i = 0; i < map->state->n_links; i++) {
		const struct netns_link *link = &map->state->link[i];
		const struct link_kind *kind = link_kind_of(link);

		if (!map->now[i] || !kind->restore)
			continue;
		int r = kind->restore(sock, link, map->now[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}
