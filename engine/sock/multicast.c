#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/model/model.h"
#include "engine/sock/multicast.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { SOURCES_MAX = 1024 };

/* One group of one interface. */
struct group {
	uint32_t ifindex;
	union {
		struct sockaddr_storage any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
};

static int level_of(const struct group *g)
{
	return g->addr.any.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static const void *bytes_of(const struct sockaddr_storage *addr, size_t *ret_len)
{
	*ret_len = addr->ss_family == AF_INET ? 4 : 16;
	return addr->ss_family == AF_INET
		       ? (const void *)&((const struct sockaddr_in *)addr)->sin_addr
		       : (const void *)&((const struct sockaddr_in6 *)addr)->sin6_addr;
}

static bool to_address(const ProtobufCBinaryData *bytes, struct group *g)
{
	memset(&g->addr, 0, sizeof(g->addr));
	g->addr.any.ss_family = bytes->len == 4 ? AF_INET : AF_INET6;
	if (bytes->len == 4)
		memcpy(&g->addr.in.sin_addr, bytes->data, 4);
	else if (bytes->len == 16)
		memcpy(&g->addr.in6.sin6_addr, bytes->data, 16);
	return bytes->len == 4 || bytes->len == 16;
}

static int add_bytes(struct arena *arena, const struct sockaddr_storage *addr,
		     ProtobufCBinaryData *ret, struct err *err)
{
	const void *bytes = bytes_of(addr, &ret->len);

	ret->data = arena_copy(arena, bytes, ret->len);
	return ret->data ? 0 : fail(err, -ENOMEM, "no memory for an address");
}

static int add_group(struct arena *arena, InetSkEntry *e, const struct group *g,
		     const struct group_filter *filter, struct err *err)
{
	MulticastEntry **all =
		arena_grow(arena, e->group, e->n_group, sizeof(MulticastEntry *));
	MulticastEntry *m = arena_new_struct(arena, MulticastEntry);
	char name[IF_NAMESIZE];

	if (!all || !m)
		return fail(err, -ENOMEM, "no memory for a multicast group");
	if (!if_indextoname(g->ifindex, name))
		return fail_errno(err, "find interface %u", g->ifindex);
	multicast_entry__init(m);
	m->ifname = arena_strdup(arena, name);
	m->exclude = filter->gf_fmode == MCAST_EXCLUDE;
	m->n_source = filter->gf_numsrc;
	m->source = arena_alloc(arena, m->n_source * sizeof(*m->source));
	if (!m->ifname || !m->source)
		return fail(err, -ENOMEM, "no memory for a multicast group");
	int r = add_bytes(arena, &g->addr.any, &m->address, err);
	for (size_t i = 0; r == 0 && i < m->n_source; i++)
		r = add_bytes(arena, &filter->gf_slist[i], &m->source[i], err);
	e->group = all;
	e->group[e->n_group++] = m;
	return r;
}

/* Is the socket in it? */
static int look(struct arena *arena, int fd, InetSkEntry *e, const struct group *g,
		struct err *err)
{
	socklen_t len = GROUP_FILTER_SIZE(SOURCES_MAX);
	scoped_free struct group_filter *filter = calloc(1, len);

	if (!filter)
		return fail(err, -ENOMEM, "no memory for a multicast group");
	filter->gf_interface = g->ifindex;
	filter->gf_group = g->addr.any;
	filter->gf_numsrc = SOURCES_MAX;
	if (getsockopt(fd, level_of(g), MCAST_MSFILTER, filter, &len) < 0) {
		if (errno == EADDRNOTAVAIL || errno == ENOPROTOOPT || errno == EINVAL)
			return 0;
		return fail_errno(err, "ask for a multicast group");
	}
	if (filter->gf_numsrc > SOURCES_MAX)
		return fail(err, -E2BIG, "%u sources of a multicast group", filter->gf_numsrc);
	return add_group(arena, e, g, filter, err);
}

/* "4\teth0 : 1 V3" and below it, after blanks, "010000E0 1 0:00000000 0": a word as in memory */
static bool parse_igmp(const char *line, struct group *g)
{
	unsigned int n;

	if (line[0] >= '0' && line[0] <= '9') {
		g->ifindex = (uint32_t)strtoul(line, NULL, 10);
		return false;
	}
	if (line[0] != '\t' || sscanf(line, " %8x", &n) != 1) /* NOLINT(cert-err34-c) */
		return false;
	g->addr.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = n};
	return true;
}

/* "4    eth0            ff020000000000000000000000000001     1 0000000C 0" */
static bool parse_igmp6(const char *line, struct group *g)
{
	char name[IF_NAMESIZE + 1], hex[33];

	memset(&g->addr, 0, sizeof(g->addr));
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%u %16s %32s", &g->ifindex, name, hex) != 3 || strlen(hex) != 32)
		return false;
	g->addr.in6.sin6_family = AF_INET6;
	for (size_t i = 0; i < 16; i++) {
		const char byte[] = {hex[2 * i], hex[2 * i + 1], '\0'};

		g->addr.in6.sin6_addr.s6_addr[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return true;
}

typedef bool parse_fn(const char *line, struct group *g);

static int look_through(struct arena *arena, const struct open_file *file, const char *path,
			parse_fn *parse, struct err *err)
{
	scoped_free char *text = NULL;
	struct group g = {0};
	char *rest;

	int r = file_read(AT_FDCWD, path, &text, err);
	if (r == -ENOENT) { /* a kernel without it */
		*err = (struct err){0};
		return 0;
	}
	rest = text;
	for (char *line; r >= 0 && (line = strsep(&rest, "\n"));)
		if (parse(line, &g))
			r = look(arena, file->fd, file->entry->isk, &g, err);
	return r < 0 ? r : 0;
}

int multicast_dump(struct arena *arena, const struct open_file *file, struct err *err)
{
	int r = look_through(arena, file, "/proc/self/net/igmp", parse_igmp, err);

	if (r == 0 && file->entry->isk->family == AF_INET6)
		r = look_through(arena, file, "/proc/self/net/igmp6", parse_igmp6, err);
	return r;
}

static int join_source(int fd, const struct group *g, int name, const ProtobufCBinaryData *from,
		       struct err *err)
{
	struct group_source_req req = {.gsr_interface = g->ifindex, .gsr_group = g->addr.any};
	struct group source;

	if (!to_address(from, &source))
		return fail(err, -EPROTO, "a multicast source of %zu bytes", from->len);
	req.gsr_source = source.addr.any;
	if (setsockopt(fd, level_of(g), name, &req, sizeof(req)) < 0)
		return fail_errno(err, "choose a multicast source");
	return 0;
}

static int join(int fd, const MulticastEntry *m, struct err *err)
{
	struct group g = {.ifindex = if_nametoindex(m->ifname)};

	if (g.ifindex == 0)
		return fail(err, -ENODEV, "no interface %s for its multicast group", m->ifname);
	if (!to_address(&m->address, &g))
		return fail(err, -EPROTO, "a multicast group of %zu bytes", m->address.len);
	struct group_req req = {.gr_interface = g.ifindex, .gr_group = g.addr.any};
	if (m->exclude && setsockopt(fd, level_of(&g), MCAST_JOIN_GROUP, &req, sizeof(req)) < 0)
		return fail_errno(err, "join a multicast group on %s", m->ifname);
	for (size_t i = 0; i < m->n_source; i++) {
		int r = join_source(fd, &g,
				    m->exclude ? MCAST_BLOCK_SOURCE : MCAST_JOIN_SOURCE_GROUP,
				    &m->source[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int multicast_restore(int fd, const InetSkEntry *e, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->n_group; i++)
		r = join(fd, e->group[i], err);
	return r;
}
