/* netlink.h - route netlink for the rooms of this folder, by libnl
 *
 * libnl's own error numbers (NLE_*) are used between rooms, so that "it exists" can be told from
 * failures; netlink_failed() makes the sentence.
 */
#ifndef CKRUN_NETNS_NETLINK_H
#define CKRUN_NETNS_NETLINK_H

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stddef.h>

#include "runtime/base/err.h"

struct arena;
struct netns_messages;

int netlink_open(int protocol, struct nl_sock **ret, struct err *err);
void netlink_close(struct nl_sock **sock); /* for scoped() */
void netlink_drop(struct nl_msg **msg);    /* likewise */

/* netlink_failed() - "WHAT: reason", with libnl's number turned into errno's. */
int netlink_failed(struct err *err, int nle, const char *fmt, ...) printf_like(3, 4);

/* netlink_list() - every message that answers the request, whole, one after the other. */
int netlink_list(struct nl_sock *sock, int type, const void *head, size_t len,
		 struct arena *arena, struct netns_messages *ret, struct err *err);

/* netlink_ask() - send and wait for the answer: 0 or -NLE_*.  The message is gone afterwards. */
int netlink_ask(struct nl_sock *sock, struct nl_msg **msg);

/* netlink_each() - calls visit() for each message of the type whose head of head_len bytes fits;
 * stops at the first that does not return 0.  -EPROTO: bytes that are no messages. */
int netlink_each(const struct netns_messages *messages, int type, size_t head_len,
		 int (*visit)(void *ctx, struct nlmsghdr *msg, struct err *err), void *ctx,
		 struct err *err);

#endif
