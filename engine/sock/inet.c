#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "engine/fd/fown.h"
#include "engine/sock/inet.h"
#include "engine/sock/options.h"
#include "engine/sock/sock.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* --- addresses */

socklen_t inet_len(const union inet_address *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

const char *inet_text(const union inet_address *a, char buf[INET_TEXT])
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
		snprintf(buf, INET_TEXT, "%s:%u", text, ntohs(a->in.sin_port));
	} else {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
		snprintf(buf, INET_TEXT, "[%s]:%u", text, ntohs(a->in6.sin6_port));
	}
	return buf;
}

struct inet_plain inet_plain(const union inet_address *a)
{
	struct inet_plain p = {0};

	if (a->sa.sa_family == AF_INET) {
		p.addr.s6_addr16[5] = 0xffff;
		p.addr.s6_addr32[3] = a->in.sin_addr.s_addr;
		p.port = ntohs(a->in.sin_port);
	} else {
		p.addr = a->in6.sin6_addr;
		p.port = ntohs(a->in6.sin6_port);
	}
	return p;
}

bool inet_same(const struct inet_plain *a, const struct inet_plain *b)
{
	return a->port == b->port && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

bool inet_is_any(const struct inet_plain *p)
{
	return IN6_IS_ADDR_UNSPECIFIED(&p->addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&p->addr) && p->addr.s6_addr32[3] == 0);
}

static bool from_words(uint32_t family, const uint32_t *word, size_t n, uint32_t port,
		       const char *ifname, union inet_address *ret)
{
	*ret = (union inet_address){0};
	ret->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET && n == 1) {
		ret->in.sin_addr.s_addr = word[0];
		ret->in.sin_port = htons((uint16_t)port);
		return true;
	}
	if (family != AF_INET6 || n != 4)
		return false;
	memcpy(&ret->in6.sin6_addr, word, sizeof(ret->in6.sin6_addr));
	ret->in6.sin6_port = htons((uint16_t)port);
	ret->in6.sin6_scope_id = ifname ? if_nametoindex(ifname) : 0;
	return true;
}

bool inet_source(const InetSkEntry *e, union inet_address *ret)
{
	return from_words(e->family, e->src_addr, e->n_src_addr, e->src_port, e->ifname, ret);
}

bool inet_destination(const InetSkEntry *e, union inet_address *ret)
{
	return from_words(e->family, e->dst_addr, e->n_dst_addr, e->dst_port, e->ifname, ret);
}

static int to_words(struct arena *arena, const union inet_address *a, size_t *ret_n,
		    uint32_t **ret, uint32_t *ret_port, struct err *err)
{
	const void *from = a->sa.sa_family == AF_INET ? (const void *)&a->in.sin_addr
						      : (const void *)&a->in6.sin6_addr;
	size_t n = a->sa.sa_family == AF_INET ? 1 : 4;
	uint32_t *words = arena_copy(arena, from, n * sizeof(*words));

	if (!words)
		return fail(err, -ENOMEM, "no memory for an address");
	*ret_n = n;
	*ret = words;
	*ret_port = ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
	return 0;
}

/* --- looking */

static int dump_scope(struct arena *arena, const union inet_address *a, InetSkEntry *e,
		      struct err *err)
{
	char name[IF_NAMESIZE];

	if (a->sa.sa_family != AF_INET6 || a->in6.sin6_scope_id == 0)
		return 0;
	if (!if_indextoname(a->in6.sin6_scope_id, name))
		return fail_errno(err, "find interface %u", a->in6.sin6_scope_id);
	e->ifname = arena_strdup(arena, name);
	return e->ifname ? 0 : fail(err, -ENOMEM, "no memory for an interface's name");
}

static int dump_addresses(struct arena *arena, int fd, InetSkEntry *e, struct err *err)
{
	union inet_address a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) < 0)
		return fail_errno(err, "getsockname");
	int r = to_words(arena, &a, &e->n_src_addr, &e->src_addr, &e->src_port, err);
	if (r == 0)
		r = dump_scope(arena, &a, e, err);
	len = sizeof(a);
	if (r < 0 || getpeername(fd, &a.sa, &len) < 0)
		return r;
	r = to_words(arena, &a, &e->n_dst_addr, &e->dst_addr, &e->dst_port, err);
	return r < 0 ? r : dump_scope(arena, &a, e, err);
}

static int get_int(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? 0 : value;
}

static int dump_options(struct arena *arena, const struct open_file *file, InetSkEntry *e,
			struct err *err)
{
	e->ip_opts = arena_new_struct(arena, IpOptsEntry);
	if (!e->ip_opts)
		return fail(err, -ENOMEM, "no memory for options");
	ip_opts_entry__init(e->ip_opts);
	int r = options_dump_ip(file->fd, e->ip_opts, err);
	if (r < 0)
		return r;
	e->has_v6only = e->family == AF_INET6;
	e->v6only = e->has_v6only && get_int(file->fd, SOL_IPV6, IPV6_V6ONLY);
	return options_dump(arena, file, &e->opts, err);
}

int inet_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	struct arena *arena = dump->model->arena;
	InetSkEntry *e = arena_new_struct(arena, InetSkEntry);

	if (!e)
		return fail(err, -ENOMEM, "no memory for a socket");
	inet_sk_entry__init(e);
	file->entry->isk = e;
	e->id = file->id;
	e->ino = (uint32_t)file->st.st_ino;
	e->flags = file->flags;
	e->family = (uint32_t)get_int(file->fd, SOL_SOCKET, SO_DOMAIN);
	e->type = (uint32_t)get_int(file->fd, SOL_SOCKET, SO_TYPE);
	e->proto = (uint32_t)get_int(file->fd, SOL_SOCKET, SO_PROTOCOL);
	e->state = NETDIAG_CLOSE;
	e->has_ns_id = sock_ns_id(file, &e->ns_id);
	int r = dump_addresses(arena, file->fd, e, err);
	if (r == 0)
		r = dump_options(arena, file, e, err);
	return r < 0 ? r : fown_dump(dump, file, &e->fown, err);
}

/* --- making */

int inet_new(const InetSkEntry *e, int *ret_fd, struct err *err)
{
	const int v6only = e->v6only;

	if (!e->opts)
		return fail(err, -EPROTO, "the record has no options");
	scoped_fd int fd = socket((int)e->family, (int)e->type | SOCK_CLOEXEC | SOCK_NONBLOCK,
				  (int)e->proto);
	if (fd < 0)
		return fail_errno(err, "socket(%u, %u, %u)", e->family, e->type, e->proto);
	if (e->family == AF_INET6 && e->has_v6only &&
	    setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)) < 0)
		return fail_errno(err, "set IPV6_V6ONLY");
	int r = options_before_bind(fd, e->opts, e->ip_opts, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

int inet_bind(int fd, const InetSkEntry *e, struct err *err)
{
	union inet_address a;
	char text[INET_TEXT];

	if (!inet_source(e, &a))
		return fail(err, -EPROTO, "the record has no address");
	const struct inet_plain plain = inet_plain(&a);
	if (plain.port == 0 && inet_is_any(&plain))
		return 0;
	if (bind(fd, &a.sa, inet_len(&a)) == 0)
		return 0;
	if (errno == EADDRNOTAVAIL)
		return fail(err, -EADDRNOTAVAIL, "bind %s: no interface has this address here",
			    inet_text(&a, text));
	return fail_errno(err, "bind %s", inet_text(&a, text));
}

int inet_finish(struct fd_make *make, int fd, const InetSkEntry *e, struct err *err)
{
	int r = options_restore_ip(fd, e->ip_opts, err); /* a type of service sets a priority */

	if (r == 0)
		r = options_restore_tcp(fd, e->tcp_opts, err);
	if (r == 0)
		r = options_restore(fd, e->opts, err);
	return r < 0 ? r : fown_restore(make, fd, e->flags, e->fown, err);
}
