#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/model/model.h"
#include "engine/sock/option_table.h"
#include "engine/sock/options.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

/* An option that has a field of its own: where, and where it is said that it is there. */
struct field {
	const char *text;
	int level, name;
	size_t has, value;
};

#define FIELD(type, level, name, field)                                                \
	{                                                                              \
#name, level, name, offsetof(type, has_##field), offsetof(type, field) \
	}

static const struct field socket_fields[] = {
	FIELD(SkOptsEntry, SOL_SOCKET, SO_REUSEADDR, reuseaddr),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_REUSEPORT, so_reuseport),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_PRIORITY, so_priority),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_RCVLOWAT, so_rcvlowat),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_MARK, so_mark),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_PASSCRED, so_passcred),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_PASSSEC, so_passsec),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_DONTROUTE, so_dontroute),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_NO_CHECK, so_no_check),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_BROADCAST, so_broadcast),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_KEEPALIVE, so_keepalive),
	FIELD(SkOptsEntry, SOL_SOCKET, SO_OOBINLINE, so_oobinline),
};

static const struct field ip_fields[] = {
	FIELD(IpOptsEntry, SOL_IP, IP_FREEBIND, freebind),
	FIELD(IpOptsEntry, SOL_IP, IP_PKTINFO, pktinfo),
	FIELD(IpOptsEntry, SOL_IP, IP_TOS, tos),
	FIELD(IpOptsEntry, SOL_IP, IP_TTL, ttl),
};

static const struct field tcp_fields[] = {
	FIELD(TcpOptsEntry, SOL_TCP, TCP_NODELAY, nodelay),
	FIELD(TcpOptsEntry, SOL_TCP, TCP_CORK, cork),
	FIELD(TcpOptsEntry, SOL_TCP, TCP_KEEPCNT, keepcnt),
	FIELD(TcpOptsEntry, SOL_TCP, TCP_KEEPIDLE, keepidle),
	FIELD(TcpOptsEntry, SOL_TCP, TCP_KEEPINTVL, keepintvl),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a protocol does not know is none of its options. */
static bool unknown_to(int error)
{
	return error == ENOPROTOOPT || error == EOPNOTSUPP || error == EINVAL;
}

static int set(int fd, const char *text, int level, int name, const void *value, socklen_t size,
	       struct err *err)
{
	unsigned char now[OPTION_MAX] = {0};
	socklen_t len = sizeof(now);

	if (getsockopt(fd, level, name, now, &len) == 0 && len == size &&
	    !memcmp(now, value, size))
		return 0;
	if (setsockopt(fd, level, name, value, size) < 0)
		return fail_errno(err, "set %s", text);
	return 0;
}

static int fields_dump(int fd, const struct field *field, size_t n, void *message,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int value = 0;
		socklen_t len = sizeof(value);

		if (getsockopt(fd, field[i].level, field[i].name, &value, &len) < 0) {
			if (unknown_to(errno))
				continue;
			return fail_errno(err, "ask for %s", field[i].text);
		}
		*(protobuf_c_boolean *)((char *)message + field[i].has) = true;
		*(int *)((char *)message + field[i].value) = value;
	}
	return 0;
}

static int fields_restore(int fd, const struct field *field, size_t n, const void *message,
			  struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const int *value = (const int *)((const char *)message + field[i].value);

		if (!*(const protobuf_c_boolean *)((const char *)message + field[i].has))
			continue;
		int r = set(fd, field[i].text, field[i].level, field[i].name, value,
			    sizeof(*value), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_dump_ip(int fd, IpOptsEntry *ret, struct err *err)
{
	return fields_dump(fd, ip_fields, COUNT(ip_fields), ret, err);
}

int options_dump_tcp(int fd, TcpOptsEntry *ret, struct err *err)
{
	return fields_dump(fd, tcp_fields, COUNT(tcp_fields), ret, err);
}

int options_restore_ip(int fd, const IpOptsEntry *opts, struct err *err)
{
	return opts ? fields_restore(fd, ip_fields, COUNT(ip_fields), opts, err) : 0;
}

int options_restore_tcp(int fd, const TcpOptsEntry *opts, struct err *err)
{
	return opts ? fields_restore(fd, tcp_fields, COUNT(tcp_fields), opts, err) : 0;
}

/* --- those of other shapes */

static int dump_times(int fd, SkOptsEntry *e, struct err *err)
{
	struct timeval snd = {0}, rcv = {0};
	socklen_t snd_len = sizeof(snd), rcv_len = sizeof(rcv);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &snd, &snd_len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rcv, &rcv_len) < 0)
		return fail_errno(err, "ask for time limits");
	e->so_snd_tmo_sec = (uint64_t)snd.tv_sec;
	e->so_snd_tmo_usec = (uint64_t)snd.tv_usec;
	e->so_rcv_tmo_sec = (uint64_t)rcv.tv_sec;
	e->so_rcv_tmo_usec = (uint64_t)rcv.tv_usec;
	return 0;
}

static int restore_times(int fd, const SkOptsEntry *e, struct err *err)
{
	struct timeval snd = {(time_t)e->so_snd_tmo_sec, (suseconds_t)e->so_snd_tmo_usec};
	struct timeval rcv = {(time_t)e->so_rcv_tmo_sec, (suseconds_t)e->so_rcv_tmo_usec};
	int r = set(fd, "SO_SNDTIMEO", SOL_SOCKET, SO_SNDTIMEO, &snd, sizeof(snd), err);

	return r < 0 ? r
		     : set(fd, "SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO, &rcv, sizeof(rcv), err);
}

static int dump_buffers(int fd, SkOptsEntry *e, struct err *err)
{
	socklen_t snd = sizeof(e->so_sndbuf), rcv = sizeof(e->so_rcvbuf), lock = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &e->so_sndbuf, &snd) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &e->so_rcvbuf, &rcv) < 0)
		return fail_errno(err, "ask for the sizes of buffers");
	e->has_so_buf_lock =
		getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &e->so_buf_lock, &lock) == 0;
	return 0;
}

/* Without the right to force, the limits of sysctl hold; then the size is compared. */
static int set_buffer(int fd, const char *text, int name, int force, uint32_t size,
		      struct err *err)
{
	uint32_t now = 0, half = size / 2;
	socklen_t len = sizeof(now);

	if (getsockopt(fd, SOL_SOCKET, name, &now, &len) == 0 && now == size)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, force, &half, sizeof(half)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, name, &half, sizeof(half)) < 0)
		return fail_errno(err, "set %s %u", text, half);
	if (getsockopt(fd, SOL_SOCKET, name, &now, &len) < 0)
		return fail_errno(err, "ask for %s", text);
	return now / 2 < half
		       ? fail(err, -EPERM, "%s %u is beyond the limit of this host", text, half)
		       : 0;
}

static int restore_buffers(int fd, const SkOptsEntry *e, struct err *err)
{
	int r = set_buffer(fd, "SO_SNDBUF", SO_SNDBUF, SO_SNDBUFFORCE, e->so_sndbuf, err);

	if (r == 0)
		r = set_buffer(fd, "SO_RCVBUF", SO_RCVBUF, SO_RCVBUFFORCE, e->so_rcvbuf, err);
	if (r == 0 && e->has_so_buf_lock)
		r = set(fd, "SO_BUF_LOCK", SOL_SOCKET, SO_BUF_LOCK, &e->so_buf_lock,
			sizeof(e->so_buf_lock), err);
	return r;
}

static int dump_linger(int fd, SkOptsEntry *e, struct err *err)
{
	struct linger linger = {0};
	socklen_t len = sizeof(linger);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) < 0)
		return fail_errno(err, "ask for SO_LINGER");
	e->has_so_linger = linger.l_onoff != 0;
	e->so_linger = (uint32_t)linger.l_linger;
	return 0;
}

static int restore_linger(int fd, const SkOptsEntry *e, struct err *err)
{
	const struct linger linger = {1, (int)e->so_linger};

	return e->has_so_linger ? set(fd, "SO_LINGER", SOL_SOCKET, SO_LINGER, &linger,
				      sizeof(linger), err)
				: 0;
}

static int dump_device(struct arena *arena, int fd, SkOptsEntry *e, struct err *err)
{
	char name[IFNAMSIZ + 1] = "";
	socklen_t len = IFNAMSIZ;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) < 0)
		return unknown_to(errno) ? 0 : fail_errno(err, "ask for SO_BINDTODEVICE");
	if (!*name)
		return 0;
	e->so_bound_dev = arena_strdup(arena, name);
	return e->so_bound_dev ? 0 : fail(err, -ENOMEM, "no memory for a device's name");
}

static int restore_device(int fd, const SkOptsEntry *e, struct err *err)
{
	if (!e->so_bound_dev)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, e->so_bound_dev,
		       (socklen_t)strnlen(e->so_bound_dev, IFNAMSIZ)) < 0)
		return fail_errno(err, "bind to the device %s", e->so_bound_dev);
	return 0;
}

static int dump_filter(struct arena *arena, int fd, SkOptsEntry *e, struct err *err)
{
	socklen_t n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) < 0) {
		if (unknown_to(errno))
			return 0;
		if (errno == EACCES)
			return refuse(err,
				      "an eBPF filter is attached to the socket and cannot "
				      "be read; detach it before the checkpoint");
		return fail_errno(err, "ask for the filter");
	}
	e->so_filter = arena_alloc(arena, (n + 1) * sizeof(*e->so_filter));
	if (!e->so_filter)
		return fail(err, -ENOMEM, "no memory for a filter");
	e->n_so_filter = n;
	if (n && getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, e->so_filter, &n) < 0)
		return fail_errno(err, "read the filter");
	return 0;
}

static int restore_filter(int fd, const SkOptsEntry *e, struct err *err)
{
	_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "one word each");
	const struct sock_fprog prog = {
		.len = (unsigned short)e->n_so_filter,
		.filter = (struct sock_filter *)e->so_filter,
	};

	if (!e->n_so_filter)
		return 0;
	if (e->n_so_filter > BPF_MAXINSNS)
		return fail(err, -EPROTO, "a filter of %zu instructions", e->n_so_filter);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return fail_errno(err, "attach the filter");
	return 0;
}

/* --- the rest: what a new socket of the kind has not */

static int socket_like(int fd, struct err *err)
{
	static const int name[] = {SO_DOMAIN, SO_TYPE, SO_PROTOCOL};
	int is[3];

	for (int i = 0; i < 3; i++) {
		socklen_t len = sizeof(int);

		if (getsockopt(fd, SOL_SOCKET, name[i], &is[i], &len) < 0)
			return fail_errno(err, "ask what socket it is");
	}
	int like = socket(is[0], is[1] | SOCK_CLOEXEC, is[2]);
	return like < 0 ? fail_errno(err, "socket(%d, %d, %d)", is[0], is[1], is[2]) : like;
}

static int add_more(struct arena *arena, SkOptsEntry *e, const struct option *o,
		    const void *value, size_t size, struct err *err)
{
	SkOptionEntry **more = arena_grow(arena, e->more, e->n_more, sizeof(SkOptionEntry *));
	SkOptionEntry *one = arena_new_struct(arena, SkOptionEntry);
	void *copy = arena_copy(arena, value, size);

	if (!more || !one || !copy)
		return fail(err, -ENOMEM, "no memory for %s", o->text);
	sk_option_entry__init(one);
	one->level = o->level;
	one->name = o->name;
	one->value = (ProtobufCBinaryData){.len = size, .data = copy};
	e->more = more;
	e->more[e->n_more++] = one;
	return 0;
}

static socklen_t ask(int fd, const struct option *o, unsigned char *value)
{
	socklen_t len = o->size ? o->size : OPTION_MAX;

	memset(value, 0, OPTION_MAX);
	if (getsockopt(fd, (int)o->level, (int)o->name, value, &len) < 0)
		return 0;
	return len;
}

static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static int dump_more(struct arena *arena, int fd, SkOptsEntry *e, struct err *err)
{
	unsigned char value[OPTION_MAX], new_value[OPTION_MAX];
	bool connected = is_connected(fd);
	const struct option *o;

	scoped_fd int like = socket_like(fd, err);
	if (like < 0)
		return like;
	for (size_t i = 0; (o = option_at(i)); i++) {
		socklen_t len = ask(fd, o, value);

		if (len == 0 || (o->when == UNCONNECTED && connected))
			continue;
		socklen_t new_len = ask(like, o, new_value);
		if (len == new_len && !memcmp(value, new_value, len))
			continue;
		/* what cannot be set was not set by the program: accept(2) leaves such */
		if (setsockopt(like, (int)o->level, (int)o->name, new_value, new_len) < 0)
			continue;
		int r = add_more(arena, e, o, value, len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int restore_more(int fd, const SkOptsEntry *e, enum option_when when, struct err *err)
{
	for (size_t i = 0; i < e->n_more; i++) {
		const SkOptionEntry *one = e->more[i];
		const struct option *o = option_find(one->level, one->name);

		if (!o || one->value.len > OPTION_MAX)
			return fail(err, -EPROTO,
				    "option %u of level %u is unknown to this ckrun", one->name,
				    one->level);
		if ((o->when == BEFORE_BIND) != (when == BEFORE_BIND))
			continue;
		int r = set(fd, o->text, (int)o->level, (int)o->name, one->value.data,
			    (socklen_t)one->value.len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_dump(struct arena *arena, const struct open_file *file, SkOptsEntry **ret,
		 struct err *err)
{
	SkOptsEntry *e = arena_new_struct(arena, SkOptsEntry);

	if (!e)
		return fail(err, -ENOMEM, "no memory for options");
	sk_opts_entry__init(e);
	e->has_so_uid = e->has_so_gid = true;
	e->so_uid = file->st.st_uid;
	e->so_gid = file->st.st_gid;
	int r = fields_dump(file->fd, socket_fields, COUNT(socket_fields), e, err);
	if (r == 0)
		r = dump_buffers(file->fd, e, err);
	if (r == 0)
		r = dump_times(file->fd, e, err);
	if (r == 0)
		r = dump_linger(file->fd, e, err);
	if (r == 0)
		r = dump_device(arena, file->fd, e, err);
	if (r == 0)
		r = dump_filter(arena, file->fd, e, err);
	if (r == 0)
		r = dump_more(arena, file->fd, e, err);
	if (r == 0)
		*ret = e;
	return r;
}

void options_make_room(int fd)
{
	const int room = 64 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
}

int options_restore_receive(int fd, const SkOptsEntry *e, struct err *err)
{
	int r = set_buffer(fd, "SO_RCVBUF", SO_RCVBUF, SO_RCVBUFFORCE, e->so_rcvbuf, err);

	return r < 0 || !e->has_so_buf_lock ? r
					    : set(fd, "SO_BUF_LOCK", SOL_SOCKET, SO_BUF_LOCK,
						  &e->so_buf_lock, sizeof(e->so_buf_lock), err);
}

int options_before_bind(int fd, const SkOptsEntry *e, const IpOptsEntry *ip, struct err *err)
{
	const int yes = 1;

	if (e->so_reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) < 0)
		return fail_errno(err, "set SO_REUSEPORT");
	if (ip && ip->freebind && setsockopt(fd, SOL_IP, IP_FREEBIND, &yes, sizeof(yes)) < 0)
		return fail_errno(err, "set IP_FREEBIND");
	return restore_more(fd, e, BEFORE_BIND, err);
}

int options_restore(int fd, const SkOptsEntry *e, struct err *err)
{
	int r = fields_restore(fd, socket_fields, COUNT(socket_fields), e, err);

	if (r == 0)
		r = restore_buffers(fd, e, err);
	if (r == 0)
		r = restore_times(fd, e, err);
	if (r == 0)
		r = restore_linger(fd, e, err);
	if (r == 0)
		r = restore_device(fd, e, err);
	if (r == 0)
		r = restore_filter(fd, e, err);
	if (r == 0)
		r = restore_more(fd, e, AT_THE_END, err);
	if (r == 0 && e->has_so_uid && e->has_so_gid && fchown(fd, e->so_uid, e->so_gid) < 0)
		return fail_errno(err, "give the socket to %u:%u", e->so_uid, e->so_gid);
	return r;
}
