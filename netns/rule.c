/* rule.c - rules that say which routing table is asked
 *
 * Seen   RTM_GETRULE; those that every namespace has are of proto kernel (Linux 4.17).
 * Made   RTM_NEWRULE; links stand in them by name.  A rule that is there already stays.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "netns/rooms.h"
#include "runtime/base/scope.h"

int rules_save(struct nl_sock *sock, struct arena *arena, struct netns_messages *ret,
	       struct err *err)
{
	const struct fib_rule_hdr any = {.family = AF_UNSPEC};
	int r = netlink_list(sock, RTM_GETRULE, &any, sizeof(any), arena, ret, err);

	if (r == -EOPNOTSUPP) { /* a kernel without CONFIG_IP_MULTIPLE_TABLES */
		*err = (struct err){0};
		*ret = (struct netns_messages){0};
		return 0;
	}
	return r < 0 ? fail_in(err, "rules") : 0;
}

static bool makes_itself(struct nlattr *const attr[])
{
	return attr[FRA_PROTOCOL] && nla_get_u8(attr[FRA_PROTOCOL]) == RTPROT_KERNEL;
}

static int restore_one(void *ctx, struct nlmsghdr *from, struct err *err)
{
	static const struct nla_policy policy[FRA_MAX + 1] = {
		[FRA_PROTOCOL] = {.type = NLA_U8},
	};
	scoped(netlink_drop) struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *attr[FRA_MAX + 1];
	struct fib_rule_hdr head = *(const struct fib_rule_hdr *)nlmsg_data(from);
	int r = nlmsg_parse(from, sizeof(head), attr, FRA_MAX, policy);

	if (r < 0)
		return netlink_failed(err, r, "a rule");
	if (makes_itself(attr))
		return 0;
	head.flags &= FIB_RULE_INVERT | FIB_RULE_PERMANENT;
	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return fail(err, -ENOMEM, "netlink message");
	for (int i = 1; i <= FRA_MAX; i++)
		if (attr[i] && nla_put(msg, i, nla_len(attr[i]), nla_data(attr[i])) < 0)
			return fail(err, -ENOMEM, "netlink message");
	r = netlink_ask(ctx, &msg);
	return r < 0 && r != -NLE_EXIST ? netlink_failed(err, r, "add a rule") : 0;
}

int rules_restore(struct nl_sock *sock, const struct netns_state *state, struct err *err)
{
	return netlink_each(&state->rules, RTM_NEWRULE, sizeof(struct fib_rule_hdr),
			    restore_one, sock, err);
}
