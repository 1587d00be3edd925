/* kinds.c - the kinds of links, in the order they are asked */
#include <stddef.h>

#include "netns/rooms.h"

static const struct link_kind *const kinds[] = {
	&link_loopback,
	&link_plugged,
	&link_fallback,
	&link_other,
};

const struct link_kind *link_kind_of(const struct netns_link *link)
{
	size_t i = 0;

	while (!kinds[i]->match(link))
		i++;
	return kinds[i];
}
