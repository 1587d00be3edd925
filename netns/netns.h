/* netns.h - links, addresses and routes of the calling thread's network namespace
 *
 * A state is plain data in an arena.  Addresses, routes and rules are kept as the kernel's own
 * messages (struct nlmsghdr after struct nlmsghdr), so that nothing is lost that this version
 * does not know; `ip route save` keeps them likewise.
 *
 * Links are not made here yet: loopback is always there, links plugged from outside (veth and
 * whatever else has its other half in another namespace, hardware) are plugged again by the
 * bundle's hooks, and any other kind is refused by name when it is looked at.
 */
#ifndef CKRUN_NETNS_NETNS_H
#define CKRUN_NETNS_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

struct netns_link {
	unsigned int index;
	const char *name;
	const char *kind; /* "veth"; "" for loopback and hardware */
	unsigned int mtu;
	unsigned int flags; /* IFF_* */
	unsigned int type;  /* ARPHRD_* */
	unsigned char address[32];
	size_t address_len;
	bool has_peer; /* its other half: index and, if elsewhere, that namespace's id in ours */
	unsigned int peer;
	int peer_nsid; /* -1: in this namespace */
};

struct netns_messages {
	void *data;
	size_t len;
};

struct netns_state {
	struct netns_link *link;
	size_t n_links;
	struct netns_messages addresses, routes, routes6, rules;
};

/* netns_save() - refused() is called with a sentence for each thing that cannot be carried
 * ("link br0 (bridge) ..."); what it returns, if negative, ends the save. */
int netns_save(struct arena *arena,
	       int (*refused)(void *ctx, const char *sentence, struct err *err), void *ctx,
	       struct netns_state **ret, struct err *err);

/* netns_restore() - into a fresh namespace in which outside links are plugged already: loopback
 * as it was; of every other link what is missing of its addresses and routes.  Indexes may
 * differ, names tell links.  REFUSED names a link that is not there. */
int netns_restore(const struct netns_state *state, struct err *err);

/* netns_lo_up() - set the loopback link up. */
int netns_lo_up(struct err *err);

#endif
