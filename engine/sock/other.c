/* other.c - sockets that ckrun does not carry, and the sentence it says instead */
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/sock/sock.h"
#include "runtime/base/err.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif

#define CLOSE_IT "close it before the checkpoint"

/* -1: any.  The first row that fits says why. */
static const struct {
	int domain, type, protocol;
	const char *what, *why;
} known[] = {
	{AF_INET, -1, IPPROTO_MPTCP, "MPTCP socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET6, -1, IPPROTO_MPTCP, "MPTCP socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET, -1, IPPROTO_SCTP, "SCTP socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET6, -1, IPPROTO_SCTP, "SCTP socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET, SOCK_RAW, -1, "raw IPv4 socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET6, SOCK_RAW, -1, "raw IPv6 socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "ping socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, "ping socket",
	 "cannot be carried yet; " CLOSE_IT},
	{AF_INET, -1, IPPROTO_UDPLITE, "UDP-Lite socket", "cannot be carried yet; " CLOSE_IT},
	{AF_INET6, -1, IPPROTO_UDPLITE, "UDP-Lite socket", "cannot be carried yet; " CLOSE_IT},
	{AF_PACKET, -1, -1, "packet socket", "cannot be carried yet; " CLOSE_IT},
	{AF_VSOCK, -1, -1, "vsock socket", "leads out of this machine; " CLOSE_IT},
	{AF_XDP, -1, -1, "XDP socket", "is tied to a device of this host; " CLOSE_IT},
	{AF_ALG, -1, -1, "crypto socket (AF_ALG)", "cannot be carried yet; " CLOSE_IT},
	{AF_KEY, -1, -1, "key socket (PF_KEY)", "cannot be carried yet; " CLOSE_IT},
	{AF_SMC, -1, -1, "SMC socket", "cannot be carried yet; " CLOSE_IT},
	{AF_BLUETOOTH, -1, -1, "Bluetooth socket", "leads out of this machine; " CLOSE_IT},
	{AF_CAN, -1, -1, "CAN socket", "leads out of this machine; " CLOSE_IT},
	{AF_TIPC, -1, -1, "TIPC socket", "cannot be carried yet; " CLOSE_IT},
	{AF_RDS, -1, -1, "RDS socket", "cannot be carried yet; " CLOSE_IT},
	{-1, -1, -1, "socket of an unknown kind", "cannot be carried; " CLOSE_IT},
};

static bool other_match(const struct open_file *file)
{
	return sock_is(file, -1, -1, -1);
}

static int other_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	size_t i = 0;

	(void)dump;
	while (!sock_is(file, known[i].domain, known[i].type, known[i].protocol))
		i++; /* the last row fits every socket */
	return refuse(err, "%s: a %s %s", file->link, known[i].what, known[i].why);
}

const struct fd_kind fd_other_socket = {
	.name = "socket",
	.type = FD_TYPES__UND,
	.match = other_match,
	.dump = other_dump,
};
