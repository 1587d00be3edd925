/* test-sock-other.c - netlink sockets, options of every socket, and the kinds that are refused */
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include "tests/unit/socks.h"

static int netlink(int protocol, uint32_t groups, uint32_t port)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = groups, .nl_pid = port};
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);

	need_sandbox();
	check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static void set_up(const char *name, short flags)
{
	struct ifreq ifr = {.ifr_flags = flags};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, name);
	check(ioctl(fd, SIOCSIFFLAGS, &ifr) == 0);
	close(fd);
}

static void hears_its_netlink_groups_again(void)
{
	struct sockaddr_nl at = {0};
	socklen_t len = sizeof(at);
	char message[4096];
	struct world w;

	int fd = netlink(NETLINK_ROUTE, RTMGRP_LINK, 4711);
	set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	CARRY(&w, fd);
	int again = world_fd(&w, 1);
	check(!strcmp(w.seen.file[0]->kind->name, "netlink socket"));
	check(getsockname(again, (struct sockaddr *)&at, &len) == 0);
	check(at.nl_pid == 4711 && at.nl_groups == RTMGRP_LINK);
	check(option(again, SOL_NETLINK, NETLINK_EXT_ACK) == 1);
	set_up("lo", 0);
	check(recv(again, message, sizeof(message), MSG_DONTWAIT) > 0);
}

static void refuses_netlink_messages_that_wait(void)
{
	struct world w;

	loopback_up();
	int fd = netlink(NETLINK_ROUTE, RTMGRP_LINK, 0);
	set_up("lo", 0);
	SEE(&w, fd);
	refused(&w, "netlink messages wait to be read; try again when they are");
}

static void refuses_netlink_protocols_with_state_elsewhere(void)
{
	struct world w;

	int fd = netlink(NETLINK_NETFILTER, 0, 0);
	SEE(&w, fd);
	refused(&w, "netlink socket of protocol 12 cannot be carried yet; close it before");
}

static void keeps_options_of_every_shape(void)
{
	struct linger linger = {1, 5};
	struct timeval limit = {3, 250000};
	/* takes everything */
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
				     BPF_STMT(BPF_RET | BPF_K, 0xffff)};
	struct sock_fprog prog = {2, code};
	struct sock_filter got[8];
	char device[IFNAMSIZ] = "";
	struct stat st;
	struct world w;

	loopback_up();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0);
	check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0);
	set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
	set_option(fd, SOL_SOCKET, SO_MARK, 77);
	set_option(fd, SOL_SOCKET, SO_PRIORITY, 5);
	set_option(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, 70000);
	check(fchown(fd, 33, 44) == 0);
	CARRY(&w, fd);
	int again = world_fd(&w, 1);
	socklen_t len = sizeof(linger), n = 8, device_len = sizeof(device);
	linger = (struct linger){0};
	check(getsockopt(again, SOL_SOCKET, SO_LINGER, &linger, &len) == 0);
	check(linger.l_onoff && linger.l_linger == 5);
	len = sizeof(limit);
	limit = (struct timeval){0};
	check(getsockopt(again, SOL_SOCKET, SO_RCVTIMEO, &limit, &len) == 0);
	check(limit.tv_sec == 3 && limit.tv_usec >= 250000 && limit.tv_usec < 260000);
	check(getsockopt(again, SOL_SOCKET, SO_GET_FILTER, got, &n) == 0 && n == 2);
	check(!memcmp(got, code, sizeof(code)));
	check(option(again, SOL_SOCKET, SO_LOCK_FILTER) == 1);
	check(getsockopt(again, SOL_SOCKET, SO_BINDTODEVICE, device, &device_len) == 0);
	check(!strcmp(device, "lo") && option(again, SOL_SOCKET, SO_MARK) == 77);
	check(option(again, SOL_SOCKET, SO_PRIORITY) == 5);
	check(option(again, SOL_SOCKET, SO_TIMESTAMP) == 1);
	check(option(again, SOL_SOCKET, SO_SNDBUF) == 140000);
	check(fstat(again, &st) == 0 && st.st_uid == 33 && st.st_gid == 44);
}

static void refuses_the_other_kinds_by_name(void)
{
	static const struct {
		int domain, type, protocol;
		const char *says;
	} kinds[] = {
		{AF_INET, SOCK_RAW, IPPROTO_ICMP,
		 "a raw IPv4 socket cannot be carried yet; close"},
		{AF_PACKET, SOCK_RAW, 0, "a packet socket cannot be carried yet; close it"},
		{AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "a MPTCP socket cannot be carried yet"},
		{AF_ALG, SOCK_SEQPACKET, 0, "a crypto socket (AF_ALG) cannot be carried yet"},
		{AF_VSOCK, SOCK_STREAM, 0,
		 "a vsock socket leads out of this machine; close it"},
	};
	int n = 0;

	need_sandbox();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(kinds[i].domain, kinds[i].type, kinds[i].protocol);
		struct world w;

		if (fd < 0) /* not of this kernel */
			continue;
		SEE(&w, fd);
		refused(&w, kinds[i].says);
		n++;
	}
	check(n >= 2);
}

RUN(TEST(hears_its_netlink_groups_again), TEST(refuses_netlink_messages_that_wait),
    TEST(refuses_netlink_protocols_with_state_elsewhere), TEST(keeps_options_of_every_shape),
    TEST(refuses_the_other_kinds_by_name))
