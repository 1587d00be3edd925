/* rooms.h - what the rooms of this folder offer each other
 *
 * A save lists everything, a restore goes through the same rooms in order: links, addresses,
 * routes, rules.
 */
#ifndef CKRUN_NETNS_ROOMS_H
#define CKRUN_NETNS_ROOMS_H

#include "netns/netlink.h"
#include "netns/netns.h"

/* How a kind of link is taken care of; kinds.c has the table, first match wins. */
struct link_kind {
	const char *name;
	bool (*match)(const struct netns_link *link);
	/* refusal() - a sentence why it cannot be carried, in the arena, or NULL. */
	const char *(*refusal)(const struct netns_link *link, struct arena *arena);
	bool may_miss; /* in the fresh namespace */
	/* restore() - bring the fresh namespace's link `now` to what it was.  NULL: leave it. */
	int (*restore)(struct nl_sock *sock, const struct netns_link *link,
		       const struct netns_link *now, struct err *err);
};

const struct link_kind *link_kind_of(const struct netns_link *link);

extern const struct link_kind link_loopback, link_plugged, link_fallback, link_other;

/* links_list() - the links of this namespace. */
int links_list(struct nl_sock *sock, struct arena *arena, struct netns_link **ret,
	       size_t *ret_n, struct err *err);

/* Which link of the fresh namespace stands for which of the state. */
struct links_map {
	const struct netns_state *state;
	const struct netns_link **now; /* for state->link[i]; NULL: not there */
};

int links_match(const struct netns_state *state, const struct netns_link *now, size_t n,
		struct arena *arena, struct links_map *ret, struct err *err);
const struct netns_link *links_by_index(const struct links_map *map, unsigned int index,
					const struct netns_link **ret_now);
int links_restore(struct nl_sock *sock, const struct links_map *map, struct err *err);

/* link_change() - flags in `mask` become `flags`; mtu if not 0. */
int link_change(struct nl_sock *sock, const struct netns_link *now, unsigned int mask,
		unsigned int flags, unsigned int mtu, struct err *err);

int addresses_save(struct nl_sock *sock, struct arena *arena, struct netns_messages *ret,
		   struct err *err);
int addresses_restore(struct nl_sock *sock, const struct links_map *map, struct arena *arena,
		      struct err *err);

int routes_save(struct nl_sock *sock, struct arena *arena, struct netns_state *state,
		struct err *err);
int routes_restore(struct nl_sock *sock, const struct links_map *map, struct err *err);

int rules_save(struct nl_sock *sock, struct arena *arena, struct netns_messages *ret,
	       struct err *err);
int rules_restore(struct nl_sock *sock, const struct netns_state *state, struct err *err);

/* What is looked at only to be refused. */
struct netns_refusals {
	struct arena *arena;
	int (*refused)(void *ctx, const char *sentence, struct err *err);
	void *ctx;
};

int netns_refuse(const struct netns_refusals *to, struct err *err, const char *fmt, ...)
	printf_like(3, 4);
int queues_look(struct nl_sock *sock, const struct netns_state *state,
		const struct netns_refusals *to, struct err *err);
int filters_look(const struct netns_refusals *to, struct err *err);

#endif
