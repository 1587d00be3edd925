/* queue.c - queueing disciplines that a task set: looked at to be refused
 *
 * Seen   RTM_GETQDISC; those that links have by default have no handle (major 0).
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netns/rooms.h"

struct looking {
	const struct netns_state *state;
	const struct netns_refusals *to;
};

static const char *link_name(const struct netns_state *state, int index)
{
	for (size_t i = 0; i < state->n_links; i++)
		if (state->link[i].index == (unsigned int)index)
			return state->link[i].name;
	return "?";
}

static int look_one(void *ctx, struct nlmsghdr *msg, struct err *err)
{
	static const struct nla_policy policy[TCA_MAX + 1] = {
		[TCA_KIND] = {.type = NLA_STRING},
	};
	const struct looking *looking = ctx;
	const struct tcmsg *head = nlmsg_data(msg);
	struct nlattr *attr[TCA_MAX + 1];

	if (!TC_H_MAJ(head->tcm_handle))
		return 0;
	int r = nlmsg_parse(msg, sizeof(*head), attr, TCA_MAX, policy);
	if (r < 0)
		return netlink_failed(err, r, "a queueing discipline");
	return netns_refuse(looking->to, err,
			    "link %s: its queueing discipline (%s) cannot be carried yet; "
			    "remove it with tc(8)",
			    link_name(looking->state, head->tcm_ifindex),
			    attr[TCA_KIND] ? nla_get_string(attr[TCA_KIND]) : "?");
}

int queues_look(struct nl_sock *sock, const struct netns_state *state,
		const struct netns_refusals *to, struct err *err)
{
	const struct tcmsg any = {.tcm_family = AF_UNSPEC};
	struct looking looking = {.state = state, .to = to};
	struct netns_messages all;
	int r = netlink_list(sock, RTM_GETQDISC, &any, sizeof(any), to->arena, &all, err);

	if (r >= 0)
		r = netlink_each(&all, RTM_NEWQDISC, sizeof(any), look_one, &looking, err);
	if (r == -EOPNOTSUPP) { /* a kernel without CONFIG_NET_SCHED */
		*err = (struct err){0};
		r = 0;
	}
	return r;
}
