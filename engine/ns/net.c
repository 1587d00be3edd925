/* net.c - the network namespace in the image
 *
 * netdev-ID.img has a record per link; ifaddr-, route-, route6- and rule-ID.img are a magic of 4
 * bytes and the kernel's messages, as `ip address save`, `ip route save` and `ip rule save` of
 * iproute2 write them.
 */
#include <endian.h>
#include <errno.h>
#include <net/if_arp.h>
#include <sched.h>
#include <string.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/netns.pb-c.h"
#include "engine/kernel/namespace.h"
#include "engine/model/findings.h"
#include "engine/ns/rooms.h"
#include "netns/netns.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { ADDRESS_MAGIC = 0x47361222, ROUTE_MAGIC = 0x45311224, RULE_MAGIC = 0x71706986 };

static const struct raw {
	enum image_file file;
	uint32_t magic;
	size_t at; /* in struct netns_state */
} raws[] = {
	{IMAGE_IFADDR, ADDRESS_MAGIC, offsetof(struct netns_state, addresses)},
	{IMAGE_ROUTE, ROUTE_MAGIC, offsetof(struct netns_state, routes)},
	{IMAGE_ROUTE6, ROUTE_MAGIC, offsetof(struct netns_state, routes6)},
	{IMAGE_RULE, RULE_MAGIC, offsetof(struct netns_state, rules)},
};

enum { RAWS = sizeof(raws) / sizeof(raws[0]) };

static struct netns_messages *messages_of(const struct netns_state *state,
					  const struct raw *raw)
{
	return (struct netns_messages *)((char *)(uintptr_t)state + raw->at);
}

/* --- look */

struct looking {
	const struct ns_scene *scene;
	struct netns_state *state;
};

static int refused(void *ctx, const char *sentence, struct err *err)
{
	const struct looking *looking = ctx;

	return findings_add(looking->scene->refused, err, "%s", sentence);
}

static int save(void *ctx, struct err *err)
{
	struct looking *looking = ctx;

	return netns_save(looking->scene->arena, refused, looking, &looking->state, err);
}

int net_look(const struct ns_scene *scene, struct netns_state **ret, struct err *err)
{
	struct looking looking = {.scene = scene};

	if (!(scene->bundle.made & CLONE_NEWNET))
		return 0;
	int r = namespace_visit(scene->init, CLONE_NEWNET, save, &looking, err);
	if (r >= 0)
		*ret = looking.state;
	return r;
}

/* --- dump */

static NdType type_of(const struct netns_link *link)
{
	if (link->type == ARPHRD_LOOPBACK)
		return ND_TYPE__LOOPBACK;
	return strcmp(link->kind, "veth") ? ND_TYPE__EXTLINK : ND_TYPE__VETH;
}

static int put_link(struct image_writer *w, const struct netns_link *link, struct err *err)
{
	NetDeviceEntry e = NET_DEVICE_ENTRY__INIT;

	e.type = type_of(link);
	e.ifindex = link->index;
	e.mtu = link->mtu;
	e.flags = link->flags;
	e.name = (char *)link->name;
	e.has_address = link->address_len > 0;
	e.address.data = (uint8_t *)(uintptr_t)link->address;
	e.address.len = link->address_len;
	e.has_peer_ifindex = link->has_peer;
	e.peer_ifindex = link->peer;
	e.kind = (char *)link->kind;
	e.has_hardware = true;
	e.hardware = link->type;
	e.has_link_nsid = link->peer_nsid >= 0;
	e.link_nsid = (uint32_t)link->peer_nsid;
	return record_put(w, &e.base, err);
}

static int put_raw(struct image_dir *image, const struct raw *raw, uint32_t id,
		   const struct netns_messages *messages, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	uint32_t magic = htole32(raw->magic);
	int r = image_writer_open(image, raw->file, id, &w, err);

	if (r >= 0)
		r = record_put_raw(w, &magic, sizeof(magic), err);
	if (r >= 0)
		r = record_put_raw(w, messages->data, messages->len, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int put_links(struct image_dir *image, uint32_t id, const struct netns_state *net,
		     struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = image_writer_open(image, IMAGE_NETDEV, id, &w, err);

	for (size_t i = 0; i < net->n_links && r >= 0; i++)
		r = put_link(w, &net->link[i], err);
	return r < 0 ? r : image_writer_close(&w, err);
}

int net_dump(struct image_dir *image, const struct ns_state *state, struct err *err)
{
	const NetnsEntry entry = NETNS_ENTRY__INIT;
	uint32_t id = state->scene.net_id;

	if (!state->net)
		return 0;
	int r = image_put_one(image, IMAGE_NETNS, id, &entry.base, err);
	if (r >= 0)
		r = put_links(image, id, state->net, err);
	for (size_t i = 0; i < RAWS && r >= 0; i++)
		r = put_raw(image, &raws[i], id, messages_of(state->net, &raws[i]), err);
	return r;
}

/* --- restore */

/* Images of others say no more than the type; a veth without a peer inside had it outside. */
static const char *kind_of(const NetDeviceEntry *e)
{
	static const char *const kinds[] = {
		[ND_TYPE__LOOPBACK] = "", [ND_TYPE__VETH] = "veth",
		[ND_TYPE__TUN] = "tun",   [ND_TYPE__EXTLINK] = "",
		[ND_TYPE__VENET] = "",    [ND_TYPE__BRIDGE] = "bridge",
		[ND_TYPE__SIT] = "sit",   [ND_TYPE__MACVLAN] = "macvlan",
	};

	if (e->kind)
		return e->kind;
	if ((size_t)e->type < sizeof(kinds) / sizeof(kinds[0]) && kinds[e->type])
		return kinds[e->type];
	return "unknown";
}

static void load_link(const NetDeviceEntry *e, struct netns_link *link)
{
	bool outside = e->has_link_nsid || (e->type == ND_TYPE__VETH && !e->has_peer_nsid);

	link->index = e->ifindex;
	link->name = e->name;
	link->kind = kind_of(e);
	link->mtu = e->mtu;
	link->flags = e->flags;
	link->type = e->type == ND_TYPE__LOOPBACK ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
	if (e->has_hardware)
		link->type = e->hardware;
	link->has_peer = outside || e->has_peer_ifindex;
	link->peer = e->peer_ifindex;
	link->peer_nsid = outside ? (int)(e->link_nsid & INT32_MAX) : -1;
}

static int load_links(const struct image_dir *image, const struct ns_scene *scene,
		      struct netns_state *state, struct err *err)
{
	NetDeviceEntry **all;
	size_t n;
	int r = image_get_all(image, IMAGE_NETDEV, scene->net_id, scene->arena, (void ***)&all,
			      &n, err);

	if (r < 0)
		return r;
	state->link = arena_alloc(scene->arena, (n + 1) * sizeof(state->link[0]));
	if (!state->link)
		return fail(err, -ENOMEM, "links");
	for (size_t i = 0; i < n; i++)
		load_link(all[i], &state->link[i]);
	state->n_links = n;
	return 0;
}

static int load_raw(const struct image_dir *image, const struct raw *raw,
		    const struct ns_scene *scene, struct netns_messages *ret, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	const void *data;
	uint32_t magic;

	if (!image_has(image, raw->file, scene->net_id))
		return 0;
	int r = image_reader_open(image, raw->file, scene->net_id, &reader, err);
	if (r < 0 || !record_left(reader)) /* others leave the file empty */
		return r;
	r = record_get_raw(reader, sizeof(magic), &data, err);
	if (r < 0)
		return r;
	memcpy(&magic, data, sizeof(magic));
	if (le32toh(magic) != raw->magic)
		return fail(err, -EPROTO, "%s does not start with its magic",
			    image_name(raw->file, scene->net_id).text);
	ret->len = record_left(reader);
	r = record_get_raw(reader, ret->len, &data, err);
	if (r < 0)
		return r;
	ret->data = arena_copy(scene->arena, data, ret->len);
	return ret->data ? 0 : fail(err, -ENOMEM, "netlink messages");
}

static int restore(void *ctx, struct err *err)
{
	return netns_restore(ctx, err);
}

/* check_record() - nothing of it is needed here, but a torn one is a torn image */
static int check_record(const struct image_dir *image, const struct ns_scene *scene,
			struct err *err)
{
	void *entry;

	if (!image_has(image, IMAGE_NETNS, scene->net_id))
		return 0;
	return image_get_one(image, IMAGE_NETNS, scene->net_id, scene->arena, &entry, err);
}

int net_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err)
{
	struct netns_state state = {0};
	int r = check_record(image, scene, err);

	if (r < 0)
		return r;

	if (!image_has(image, IMAGE_NETDEV, scene->net_id) ||
	    scene->bundle.joined & CLONE_NEWNET)
		return 0;
	if (!(scene->bundle.made & CLONE_NEWNET))
		return refuse(err, "the container had a network namespace of its own, the "
				   "bundle gives it none");
	r = load_links(image, scene, &state, err);
	for (size_t i = 0; i < RAWS && r >= 0; i++)
		r = load_raw(image, &raws[i], scene, messages_of(&state, &raws[i]), err);
	return r < 0 ? r : namespace_visit(scene->init, CLONE_NEWNET, restore, &state, err);
}
