/* fallback.c - links that the kernel puts into every network namespace by itself
 *
 * Kernel  a tunnel's module, once loaded, adds its fallback device to each new namespace, unless
 *         net.core.fb_tunnels_only_for_init_net says otherwise (Linux 4.17).  Down, they say
 *         nothing about the container; whether the fresh namespace has them is its kernel's
 *         affair.
 */
#include <net/if.h>
#include <string.h>

#include "netns/rooms.h"

static const char *const names[] = {
	"tunl0",   "sit0",     "gre0",    "gretap0", "erspan0",
	"ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0",
};

static bool match(const struct netns_link *link)
{
	if (link->flags & IFF_UP)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(link->name, names[i]))
			return true;
	return false;
}

const struct link_kind link_fallback = {
	.name = "fallback",
	.match = match,
	.may_miss = true,
};
