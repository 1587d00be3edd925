/* test-netdiag.c - sockets as the kernel lists them */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "engine/kernel/netdiag.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static uint32_t inode(int fd)
{
	struct stat st;

	check(!fstat(fd, &st));
	return (uint32_t)st.st_ino;
}

static struct netdiag_unix_list list_unix(struct arena *arena)
{
	struct netdiag_unix_list list;
	struct err err = {};
	int r = netdiag_unix(arena, &list, &err);

	if (r == -ENOENT)
		skip("the kernel has no unix_diag");
	check(!r);
	return list;
}

static int bound(int type, const char *path, size_t len)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	memcpy(un.sun_path, path, len);
	check(!bind(fd, (struct sockaddr *)&un,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)));
	return fd;
}

static void pairs_know_their_peers_and_queues(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	int p[2];

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, p) && write(p[0], "hello", 5) == 5);
	check(!shutdown(p[0], SHUT_WR));
	struct netdiag_unix_list list = list_unix(arena);
	const struct netdiag_unix *a = netdiag_unix_find(&list, inode(p[0]));
	const struct netdiag_unix *b = netdiag_unix_find(&list, inode(p[1]));
	check(a && b && a->peer == b->ino && b->peer == a->ino && a->cookie && !a->named);
	check(a->type == SOCK_STREAM && a->state == NETDIAG_ESTABLISHED && b->rqueue == 5);
	check(a->shutdown == NETDIAG_NO_WRITE && b->shutdown == NETDIAG_NO_READ);
}

static void listeners_know_who_waits(void)
{
	static const char name[] = "\0ckrun\0netdiag";
	scoped(arena_free) struct arena *arena = arena_new();
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = bound(SOCK_SEQPACKET, name, sizeof(name)), client[2];

	check(!listen(fd, 7));
	memcpy(un.sun_path, name, sizeof(name));
	for (int i = 0; i < 2; i++) {
		client[i] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		check(!connect(client[i], (struct sockaddr *)&un,
			       offsetof(struct sockaddr_un, sun_path) + sizeof(name)));
	}
	struct netdiag_unix_list list = list_unix(arena);
	const struct netdiag_unix *s = netdiag_unix_find(&list, inode(fd));
	check(s && s->state == NETDIAG_LISTEN && s->type == SOCK_SEQPACKET && s->named);
	check(s->name_len == sizeof(name) && !memcmp(s->name, name, sizeof(name)));
	check(s->icons_n == 2 && s->icons[0] == inode(client[0]) &&
	      s->icons[1] == inode(client[1]));
	check(s->rqueue == 2 && s->wqueue == 7 && !s->has_vfs);
}

static void a_name_in_the_file_system_has_an_inode(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char dir[] = "/tmp/ckrun-netdiag.XXXXXX", path[64];
	struct stat st;

	check(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	int fd = bound(SOCK_DGRAM, path, strlen(path));
	int r = stat(path, &st);
	unlink(path);
	rmdir(dir);
	struct netdiag_unix_list list = list_unix(arena);
	const struct netdiag_unix *s = netdiag_unix_find(&list, inode(fd));
	check(!r && s && s->named && !strcmp(s->name, path) && s->name_len == strlen(path) + 1);
	check(s->has_vfs && s->vfs_ino == (uint32_t)st.st_ino && s->vfs_dev == st.st_dev);
	check(s->state == NETDIAG_CLOSE && s->type == SOCK_DGRAM && !s->peer);
}

/* A network namespace of our own, with lo up: the caller's is asked, not the process' first. */
static void own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWNET))
		skip("no new network namespace is permitted");
	scoped_fd int fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(!ioctl(fd, SIOCSIFFLAGS, &lo));
}

static struct netdiag_inet_list list_inet(int family, int protocol, struct arena *arena)
{
	struct netdiag_inet_list list;
	struct err err = {};
	int r = netdiag_inet(family, protocol, arena, &list, &err);

	if (r == -ENOENT)
		skip("the kernel has no inet_diag of this kind");
	check(!r);
	return list;
}

static void tcp_connections_have_both_ends_and_queues(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4321)};

	own_network();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0), a = socket(AF_INET, SOCK_STREAM, 0);
	check(!bind(fd, (struct sockaddr *)&in, sizeof(in)) && !listen(fd, 9));
	check(!connect(a, (struct sockaddr *)&in, sizeof(in)));
	struct pollfd hangup = {.fd = a, .events = POLLRDHUP},
		      waiting = {.fd = fd, .events = POLLIN};
	char got[5];
	int b = accept(fd, NULL, NULL), c = socket(AF_INET, SOCK_STREAM, 0);
	check(b >= 0 && write(a, "hello", 5) == 5);
	check(!connect(c, (struct sockaddr *)&in, sizeof(in)) && !shutdown(b, SHUT_WR));
	check(recv(b, got, 5, MSG_PEEK | MSG_WAITALL) == 5 && poll(&hangup, 1, 5000) == 1);
	check(poll(&waiting, 1, 5000) == 1);
	struct netdiag_inet_list list = list_inet(AF_INET, IPPROTO_TCP, arena);
	const struct netdiag_inet *l = netdiag_inet_find(&list, inode(fd));
	const struct netdiag_inet *s = netdiag_inet_find(&list, inode(b));
	check(list.n == 5 && l && s && l->state == NETDIAG_LISTEN && l->src_port == 4321);
	check(l->rqueue == 1 && l->wqueue == 9 && l->protocol == IPPROTO_TCP);
	check((s->state == NETDIAG_FIN_WAIT1 || s->state == NETDIAG_FIN_WAIT2) &&
	      s->rqueue == 5 && s->src_port == 4321);
	check(s->shutdown == NETDIAG_NO_WRITE && s->dst_port && s->dst_port != 4321);
	check(!memcmp(&s->src, &in.sin_addr, 4) && !memcmp(&s->dst, &in.sin_addr, 4));
	check(netdiag_inet_find(&list, inode(a))->state == NETDIAG_CLOSE_WAIT);
	check(netdiag_inet_find(&list, 0)); /* the one that nobody accepted */
}

static void ipv6_and_udp_are_listed_apart(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(5353)};
	int one = 1;

	own_network();
	int udp = socket(AF_INET6, SOCK_DGRAM, 0), tcp = socket(AF_INET6, SOCK_STREAM, 0);
	if (udp < 0)
		skip("the kernel has no IPv6");
	in6.sin6_addr = in6addr_loopback;
	check(!setsockopt(tcp, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)));
	check(!setsockopt(udp, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	check(!bind(udp, (struct sockaddr *)&in6, sizeof(in6)));
	check(!bind(tcp, (struct sockaddr *)&in6, sizeof(in6)) && !listen(tcp, 1));
	struct netdiag_inet_list list = list_inet(AF_INET6, IPPROTO_UDP, arena);
	const struct netdiag_inet *s = netdiag_inet_find(&list, inode(udp));
	check(list.n == 1 && s && s->src_port == 5353 && s->state == NETDIAG_CLOSE);
	check(s->ifindex == if_nametoindex("lo") && s->family == AF_INET6);
	check(!memcmp(&s->src, &in6addr_loopback, 16));
	list = list_inet(AF_INET6, IPPROTO_TCP, arena);
	s = netdiag_inet_find(&list, inode(tcp));
	check(list.n == 1 && s && s->v6only && s->state == NETDIAG_LISTEN);
	check(!list_inet(AF_INET, IPPROTO_TCP, arena).n);
}

static void many_pairs(int n)
{
	int p[2];

	for (int i = 0; i < n; i++)
		check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
}

static void lists_thousands(void)
{
	scoped(arena_free) struct arena *arena = arena_new();

	own_network();
	many_pairs(3000);
	check(list_unix(arena).n == 6000);
}

static void says_what_the_kernel_does_not_know(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct netdiag_inet_list list;
	struct err err = {};

	check(netdiag_inet(AF_INET, 250, arena, &list, &err) == -ENOENT && err.n == 2);
}

RUN(TEST(pairs_know_their_peers_and_queues), TEST(listeners_know_who_waits),
    TEST(a_name_in_the_file_system_has_an_inode),
    TEST(tcp_connections_have_both_ends_and_queues), TEST(ipv6_and_udp_are_listed_apart),
    TEST(lists_thousands), TEST(says_what_the_kernel_does_not_know))
