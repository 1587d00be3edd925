/* other.c - links that somebody made inside the container: none can be made again yet
 *
 * bridge, dummy, tun, vlan, both ends of a veth, ...
 */
#include "netns/rooms.h"
#include "runtime/base/arena.h"

static bool match(const struct netns_link *link)
{
	(void)link;
	return true;
}

static const char *refusal(const struct netns_link *link, struct arena *arena)
{
	return arena_printf(arena, "link %s (%s) cannot be carried yet; remove it", link->name,
			    link->kind);
}

const struct link_kind link_other = {.name = "other", .match = match, .refusal = refusal};
