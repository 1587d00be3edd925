/* filter.c - packet filters inside the container: looked at to be refused
 *
 * Seen   nftables: NFT_MSG_GETTABLE of every family.  The older iptables: a namespace has a table
 *        from its first use on (Linux 5.15), /proc/net/ip_tables_names lists them; one that
 *        only accepts everything is as good as none.
 * Refused  any nftables table, any iptables table with rules or another policy.
 */
#include <netinet/in.h> /* before those of the kernel, which then leave its structs out */

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>
#include <sys/socket.h>

#include "netns/rooms.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum {
	NFT_GET = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
	NFT_NEW = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
	TABLE_MAX = 64 << 20,
};

/* --- nftables */

static int look_nft_table(void *ctx, struct nlmsghdr *msg, struct err *err)
{
	static const struct nla_policy policy[NFTA_TABLE_MAX + 1] = {
		[NFTA_TABLE_NAME] = {.type = NLA_STRING},
	};
	struct nlattr *attr[NFTA_TABLE_MAX + 1];
	int r = nlmsg_parse(msg, sizeof(struct nfgenmsg), attr, NFTA_TABLE_MAX, policy);

	if (r < 0)
		return netlink_failed(err, r, "an nftables table");
	return netns_refuse(
		ctx, err, "nftables table %s cannot be carried yet; delete it with nft(8)",
		attr[NFTA_TABLE_NAME] ? nla_get_string(attr[NFTA_TABLE_NAME]) : "?");
}

static int look_nft(const struct netns_refusals *to, struct err *err)
{
	const struct nfgenmsg any = {.nfgen_family = AF_UNSPEC};
	scoped(netlink_close) struct nl_sock *sock = NULL;
	struct netns_messages all;
	struct err none = {0};

	/* a kernel without nftables knows no such request, or no such protocol */
	if (netlink_open(NETLINK_NETFILTER, &sock, &none) < 0 ||
	    netlink_list(sock, NFT_GET, &any, sizeof(any), to->arena, &all, &none) < 0)
		return 0;
	return netlink_each(&all, NFT_NEW, sizeof(any), look_nft_table, (void *)to, err);
}

/* --- iptables; both families have the same structs but for the head of an entry */

static const struct legacy {
	int family, level, info, entries;
	const char *names, *tool;
	size_t entry, target_at, next_at;
} legacies[] = {
	{AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES,
	 "/proc/thread-self/net/ip_tables_names", "iptables", sizeof(struct ipt_entry),
	 offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset)},
	{AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
	 "/proc/thread-self/net/ip6_tables_names", "ip6tables", sizeof(struct ip6t_entry),
	 offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, next_offset)},
};

/* An entry without conditions that accepts: as the kernel makes them for each hook. */
static bool is_accept(const struct legacy *legacy, const unsigned char *entry,
		      uint16_t target_at, uint16_t next)
{
	struct xt_standard_target target;

	if (target_at != legacy->entry || next != target_at + sizeof(target))
		return false;
	memcpy(&target, entry + target_at, sizeof(target));
	return !*target.target.u.user.name && target.verdict == -NF_ACCEPT - 1;
}

static bool only_accepts(const struct legacy *legacy, const unsigned char *table, size_t size)
{
	size_t at = 0;

	while (at + legacy->entry <= size) {
		uint16_t target_at, next;

		memcpy(&target_at, table + at + legacy->target_at, sizeof(target_at));
		memcpy(&next, table + at + legacy->next_at, sizeof(next));
		if (next < legacy->entry || at + next > size)
			return false;
		if (at + next == size) /* the last one marks the end */
			return true;
		if (!is_accept(legacy, table + at, target_at, next))
			return false;
		at += next;
	}
	return false;
}

static int look_table(const struct legacy *legacy, int sock, const char *name,
		      const struct netns_refusals *to, struct err *err)
{
	struct ipt_getinfo info = {0};
	socklen_t len = sizeof(info);

	strncpy(info.name, name, sizeof(info.name) - 1);
	if (getsockopt(sock, legacy->level, legacy->info, &info, &len) < 0)
		return fail_errno(err, "%s: table %s", legacy->tool, name);
	if (info.size > TABLE_MAX)
		return fail(err, -EFBIG, "%s: table %s", legacy->tool, name);
	len = (socklen_t)(sizeof(struct ipt_get_entries) + info.size);
	scoped_free struct ipt_get_entries *all = calloc(1, len);
	if (!all)
		return fail(err, -ENOMEM, "%s: table %s", legacy->tool, name);
	strncpy(all->name, name, sizeof(all->name) - 1);
	all->size = info.size;
	if (getsockopt(sock, legacy->level, legacy->entries, all, &len) < 0)
		return fail_errno(err, "%s: table %s", legacy->tool, name);
	if (only_accepts(legacy, (const unsigned char *)all->entrytable, info.size))
		return 0;
	return netns_refuse(to, err,
			    "%s table %s has rules, which cannot be carried yet; flush it",
			    legacy->tool, name);
}

static int look_legacy(const struct legacy *legacy, const struct netns_refusals *to,
		       struct err *err)
{
	scoped_free char *text = NULL;
	struct err none = {0};
	int r = 0;

	if (file_read(AT_FDCWD, legacy->names, &text, &none) < 0 || !*text)
		return 0; /* a kernel without it, or a namespace */
	scoped_fd int sock = socket(legacy->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (sock < 0)
		return fail_errno(err, "%s: socket", legacy->tool);
	for (char *save = NULL, *name = strtok_r(text, "\n", &save); name && r >= 0;
	     name = strtok_r(NULL, "\n", &save))
		r = look_table(legacy, sock, name, to, err);
	return r;
}

int filters_look(const struct netns_refusals *to, struct err *err)
{
	int r = look_nft(to, err);

	for (size_t i = 0; i < sizeof(legacies) / sizeof(legacies[0]) && r >= 0; i++)
		r = look_legacy(&legacies[i], to, err);
	return r;
}
