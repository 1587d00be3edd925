/* lo.c - the loopback link: always there, first index 1, down in a fresh namespace */
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/route/link.h>

#include "netns/rooms.h"
#include "runtime/base/scope.h"

static bool match(const struct netns_link *link)
{
	return link->type == ARPHRD_LOOPBACK;
}

static int restore(struct nl_sock *sock, const struct netns_link *link,
		   const struct netns_link *now, struct err *err)
{
	unsigned int up = link->flags & IFF_UP;
	unsigned int mtu = link->mtu == now->mtu ? 0 : link->mtu;

	if (!mtu && up == (now->flags & IFF_UP))
		return 0;
	return link_change(sock, now, IFF_UP, up, mtu, err);
}

const struct link_kind link_loopback = {
	.name = "loopback",
	.match = match,
	.restore = restore,
};

int netns_lo_up(struct err *err)
{
	scoped(netlink_close) struct nl_sock *sock = NULL;
	const struct netns_link lo = {.index = 1, .name = "lo"};
	int r = netlink_open(NETLINK_ROUTE, &sock, err);

	return r < 0 ? r : link_change(sock, &lo, IFF_UP, IFF_UP, 0, err);
}
