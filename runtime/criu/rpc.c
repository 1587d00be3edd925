#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/code.h"
#include "runtime/criu/rpc.h"

enum { PACKET_MAX = 1 << 20, MESSAGE_MAX = ERR_FRAMES * ERR_FRAME_MAX + ERR_ALSO_MAX + 512 };

static ssize_t packet_size(int sock, struct err *err)
{
	ssize_t size;

	do
		size = recv(sock, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return fail_errno(err, "receive a request");
	if (!size)
		return fail(err, -ECONNRESET, "the client has closed the connection");
	if (size > PACKET_MAX)
		return fail(err, -EBADRQC, "a request of %zd bytes", size);
	return size;
}

int rpc_receive(int sock, CriuReq **ret, struct err *err)
{
	ssize_t size = packet_size(sock, err);
	if (size < 0)
		return (int)size;
	scoped_free unsigned char *packet = malloc((size_t)size);
	if (!packet)
		return fail(err, -ENOMEM, "a request");
	if (recv(sock, packet, (size_t)size, 0) != size)
		return fail_errno(err, "receive a request");
	*ret = criu_req__unpack(NULL, (size_t)size, packet);
	if (!*ret)
		return fail(err, -EBADRQC, "%zd bytes that are no request", size);
	return 0;
}

void rpc_free(CriuReq **req)
{
	if (*req)
		criu_req__free_unpacked(*req, NULL);
	*req = NULL;
}

int rpc_send(int sock, const CriuResp *answer, struct err *err)
{
	size_t size = criu_resp__get_packed_size(answer);
	scoped_free unsigned char *packet = malloc(size);

	if (!packet)
		return fail(err, -ENOMEM, "an answer");
	criu_resp__pack(answer, packet);
	if (send(sock, packet, size, MSG_NOSIGNAL) < 0)
		return fail_errno(err, "answer the client");
	return 0;
}

int rpc_answer_failure(int sock, CriuReqType type, const struct err *why, struct err *err)
{
	char text[MESSAGE_MAX];
	CriuResp answer = CRIU_RESP__INIT;

	answer.type = type;
	answer.success = false;
	answer.has_cr_errno = true;
	answer.cr_errno = criu_code_number(why);
	answer.cr_errmsg = criu_code_message(why, text, sizeof(text));
	return rpc_send(sock, &answer, err);
}

int rpc_notify(int sock, const char *script, pid_t pid, struct err *err)
{
	scoped(rpc_free) CriuReq *reply = NULL;
	CriuNotify notify = CRIU_NOTIFY__INIT;
	CriuResp ask = CRIU_RESP__INIT;

	notify.script = (char *)script;
	notify.has_pid = pid > 0;
	notify.pid = pid;
	ask.type = CRIU_REQ_TYPE__NOTIFY;
	ask.success = true;
	ask.notify = &notify;
	int r = rpc_send(sock, &ask, err);
	if (r >= 0)
		r = rpc_receive(sock, &reply, err);
	if (r < 0)
		return fail_in(err, "notification %s", script);
	if (reply->type != CRIU_REQ_TYPE__NOTIFY)
		return fail(err, -EBADRQC, "notification %s: answered by a request of type %d",
			    script, reply->type);
	if (!reply->notify_success)
		return fail(err, -ECANCELED, "notification %s: the client says no", script);
	return 0;
}

int rpc_peer_open(int sock, int num, int flags, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char path[64];

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return fail_errno(err, "ask who the client is");
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", peer.pid, num);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open the client's descriptor %d (%s)", num, path) : fd;
}
