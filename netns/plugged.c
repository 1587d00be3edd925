/* plugged.c - links that were plugged from outside: the bundle's hooks plug them again
 *
 * Seen   IFLA_LINK_NETNSID: the other half of a veth, what a macvlan or vlan lies on, is in another
 *        namespace; hardware has no kind (IFLA_INFO_KIND).
 * Made   not here.  It is set up if it was; addresses and routes that it lacks are added.
 * Lost   its hardware address and MTU, which are those that the hooks give.
 * Refused  when the fresh namespace has no link of that name.
 */
#include <net/if.h>

#include "netns/rooms.h"

static bool match(const struct netns_link *link)
{
	return !*link->kind || (link->has_peer && link->peer_nsid >= 0);
}

static int restore(struct nl_sock *sock, const struct netns_link *link,
		   const struct netns_link *now, struct err *err)
{
	if (!(link->flags & IFF_UP) || now->flags & IFF_UP)
		return 0;
	return link_change(sock, now, IFF_UP, IFF_UP, 0, err);
}

const struct link_kind link_plugged = {.name = "plugged", .match = match, .restore = restore};
