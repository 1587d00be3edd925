/* rpc.h - one packet, one message: requests in, answers out
 *
 * A packet that cannot be read is -EBADRQC, the end of the connection -ECONNRESET.
 */
#ifndef CKRUN_CRIU_RPC_H
#define CKRUN_CRIU_RPC_H

#include <sys/types.h>

#include "runtime/criu/schema/rpc.pb-c.h"

struct err;

/* rpc_receive() - waits for a request; *ret is freed by rpc_free(), for scoped(). */
int rpc_receive(int sock, CriuReq **ret, struct err *err);
void rpc_free(CriuReq **req);

int rpc_send(int sock, const CriuResp *answer, struct err *err);

/* rpc_answer_failure() - success false, with number and sentence of the error. */
int rpc_answer_failure(int sock, CriuReqType type, const struct err *why, struct err *err);

/* rpc_notify() - ask the client; -ECANCELED: it says no. */
int rpc_notify(int sock, const char *script, pid_t pid, struct err *err);

/* rpc_peer_open() - a descriptor of the client's, as one of ours: what it names by number is
 * its own (SO_PEERCRED: whoever made the socket pair). */
int rpc_peer_open(int sock, int num, int flags, struct err *err);

#endif
