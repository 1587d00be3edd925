#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/criu.h"
#include "runtime/criu/feature.h"
#include "runtime/criu/options.h"
#include "runtime/criu/rpc.h"
#include "runtime/criu/serve.h"
#include "runtime/criu/serve_carry.h"

/* What a request does: fills the answer, or fails. */
struct service {
	CriuReqType type;
	const char *name;
	int (*run)(int sock, const CriuReq *req, CriuResp *answer, struct err *err);
	const char *lacks; /* instead of run */
};

static int tell_version(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	static CriuVersion version = CRIU_VERSION__INIT;
	static char name[] = "ckrun " CKRUN_VERSION;

	(void)sock, (void)req, (void)err;
	version.major_number = CRIU_MAJOR;
	version.minor_number = CRIU_MINOR;
	version.name = name;
	answer->version = &version;
	return 0;
}

static protobuf_c_boolean has(const char *feature)
{
	return criu_feature_has(feature, &(struct err){}) >= 0;
}

/* Only what was asked is answered. */
static int tell_features(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	static CriuFeatures features = CRIU_FEATURES__INIT;
	const CriuFeatures *asked = req->features;

	(void)sock;
	if (!asked)
		return fail(err, -EINVAL, "no feature is asked about");
	features.has_mem_track = asked->has_mem_track && asked->mem_track;
	features.mem_track = features.has_mem_track && has("mem_track");
	features.has_lazy_pages = asked->has_lazy_pages && asked->lazy_pages;
	features.lazy_pages = features.has_lazy_pages && has("lazy_pages");
	features.has_pidfd_store = asked->has_pidfd_store && asked->pidfd_store;
	features.pidfd_store = features.has_pidfd_store && has("pidfd_store");
	answer->features = &features;
	return 0;
}

static int check(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	(void)sock, (void)req, (void)answer;
	return criu_basics_check(err);
}

static const struct service services[] = {
	{CRIU_REQ_TYPE__VERSION, "VERSION", tell_version, NULL},
	{CRIU_REQ_TYPE__FEATURE_CHECK, "FEATURE_CHECK", tell_features, NULL},
	{CRIU_REQ_TYPE__CHECK, "CHECK", check, NULL},
	{CRIU_REQ_TYPE__DUMP, "DUMP", serve_dump, NULL},
	{CRIU_REQ_TYPE__RESTORE, "RESTORE", serve_restore, NULL},
	{CRIU_REQ_TYPE__PRE_DUMP, "PRE_DUMP", NULL, "pre-dump"},
	{CRIU_REQ_TYPE__SINGLE_PRE_DUMP, "SINGLE_PRE_DUMP", NULL, "pre-dump"},
	{CRIU_REQ_TYPE__PAGE_SERVER, "PAGE_SERVER", NULL, "the page server"},
	{CRIU_REQ_TYPE__PAGE_SERVER_CHLD, "PAGE_SERVER_CHLD", NULL, "the page server"},
	{CRIU_REQ_TYPE__WAIT_PID, "WAIT_PID", NULL, "waiting for a page server"},
	{CRIU_REQ_TYPE__CPUINFO_DUMP, "CPUINFO_DUMP", serve_cpuinfo_dump, NULL},
	{CRIU_REQ_TYPE__CPUINFO_CHECK, "CPUINFO_CHECK", serve_cpuinfo_check, NULL},
};

static const struct service *service_for(CriuReqType type)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (services[i].type == type)
			return &services[i];
	return NULL;
}

static int perform(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	const struct service *service = service_for(req->type);

	if (!service)
		return fail(err, -EBADRQC, "a request of type %d, which nobody knows",
			    req->type);
	if (service->lacks)
		return fail(err, -ENOSYS, "%s: %s is not supported yet", service->name,
			    service->lacks);
	int r = service->run(sock, req, answer, err);
	return r < 0 ? fail_in(err, "%s", service->name) : r;
}

/* A client that is told no has its answer: only an answer that cannot be sent ends the talk. */
static int answer(int sock, const CriuReq *req, struct err *err)
{
	CriuResp answer = CRIU_RESP__INIT;
	struct err unsent = {};

	answer.type = req->type;
	answer.success = true;
	int r = perform(sock, req, &answer, err);
	if (r < 0)
		return rpc_answer_failure(sock, req->type, err, &unsent) < 0 ? -ECONNRESET : r;
	return rpc_send(sock, &answer, err);
}

static int talk(int sock, struct err *err)
{
	bool more = true;
	int r = 0;

	for (size_t n = 0; more && r != -ECONNRESET; n++) {
		scoped(rpc_free) CriuReq *req = NULL;
		struct err now = {};

		int got = rpc_receive(sock, &req, &now);
		if (got == -ECONNRESET && n)
			return r; /* it had all it wanted */
		*err = now;
		if (got == -EBADRQC)
			rpc_answer_failure(sock, CRIU_REQ_TYPE__EMPTY, err, &now);
		if (got < 0)
			return got;
		r = answer(sock, req, err);
		more = req->has_keep_open && req->keep_open;
	}
	return r;
}

int swrk_run(const struct criu_options *options, struct err *err)
{
	int type;
	socklen_t size = sizeof(type);
	char *end;

	if (options->n_args != 1)
		return fail(err, -EINVAL, "usage: criu swrk FD");
	errno = 0;
	long fd = strtol(options->args[0], &end, 10);
	if (errno || *end || end == options->args[0] || fd < 0 || fd > INT_MAX)
		return fail(err, -EINVAL, "%s is no descriptor", options->args[0]);
	if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return fail_errno(err, "descriptor %ld", fd);
	if (type != SOCK_SEQPACKET)
		return fail(err, -EINVAL, "descriptor %ld is no socket of packets", fd);
	return talk((int)fd, err);
}
