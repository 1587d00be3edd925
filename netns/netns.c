/* netns.c - the order of a save and of a restore */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "netns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

int netns_refuse(const struct netns_refusals *to, struct err *err, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return to->refused(to->ctx, text, err);
}

static int look_links(const struct netns_state *state, const struct netns_refusals *to,
		      struct err *err)
{
	for (size_t i = 0; i < state->n_links; i++) {
		const struct link_kind *kind = link_kind_of(&state->link[i]);
		const char *text;

		if (!kind->refusal)
			continue;
		text = kind->refusal(&state->link[i], to->arena);
		int r = text ? to->refused(to->ctx, text, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int netns_save(struct arena *arena,
	       int (*refused)(void *ctx, const char *sentence, struct err *err), void *ctx,
	       struct netns_state **ret, struct err *err)
{
	const struct netns_refusals to = {.arena = arena, .refused = refused, .ctx = ctx};
	struct netns_state *state = arena_new_struct(arena, struct netns_state);
	scoped(netlink_close) struct nl_sock *sock = NULL;
	int r = state ? netlink_open(NETLINK_ROUTE, &sock, err) : fail(err, -ENOMEM, "network");

	if (r >= 0)
		r = links_list(sock, arena, &state->link, &state->n_links, err);
	if (r >= 0)
		r = look_links(state, &to, err);
	if (r >= 0)
		r = queues_look(sock, state, &to, err);
	if (r >= 0)
		r = filters_look(&to, err);
	if (r >= 0)
		r = addresses_save(sock, arena, &state->addresses, err);
	if (r >= 0)
		r = routes_save(sock, arena, state, err);
	if (r >= 0)
		r = rules_save(sock, arena, &state->rules, err);
	if (r >= 0)
		*ret = state;
	return r;
}

static int restore_all(struct nl_sock *sock, const struct netns_state *state,
		       struct arena *arena, struct err *err)
{
	struct netns_link *now;
	struct links_map map;
	size_t n;
	int r = links_list(sock, arena, &now, &n, err);

	if (r >= 0)
		r = links_match(state, now, n, arena, &map, err);
	if (r >= 0)
		r = links_restore(sock, &map, err);
	if (r >= 0)
		r = addresses_restore(sock, &map, arena, err);
	if (r >= 0)
		r = routes_restore(sock, &map, err);
	return r < 0 ? r : rules_restore(sock, state, err);
}

int netns_restore(const struct netns_state *state, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped(netlink_close) struct nl_sock *sock = NULL;
	int r = arena ? netlink_open(NETLINK_ROUTE, &sock, err) : fail(err, -ENOMEM, "network");

	return r < 0 ? r : restore_all(sock, state, arena, err);
}
