/* restore.c - the phases of a restore, in order
 *
 * Everything is driven from here by one thread: tasks are made as empty shells that hold
 * nothing but planted code, and are filled by lists of system calls and by writing into their
 * memory.  They are traced from their first instruction to their last preparation; if ckrun
 * dies meanwhile, the kernel kills them.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine/inject/calls.h"
#include "engine/nofile.h"
#include "engine/restore/restore.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

static const struct phase phases[] = {
	{"open", restore_open, restore_close}, {"load", restore_load, NULL},
	{"plan", restore_plan, NULL},          {"nest", restore_nest, restore_unnest},
	{"grow", restore_grow, restore_fell},  {"furnish", restore_furnish, restore_clear},
	{"settle", restore_settle, NULL},      {"become", restore_become, NULL},
	{"release", restore_release, NULL},
};

int restore(const struct restore_request *request, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free struct calls *calls = malloc(sizeof(*calls));
	struct restore r = {
		.request = request,
		.arena = arena,
		.model = {.arena = arena},
		.calls = calls,
		.init_pidfd = -1,
		.host_net = -1,
		.host_pid = -1,
		.net = -1,
		.make = {.root = -1,
			 .stdio_now = request->stdio,
			 .tcp_established = request->tcp_established,
			 .tcp_close = request->tcp_close,
			 .ext_unix_sk = request->ext_unix_sk},
	};

	if (!arena || !calls)
		return fail(err, -ENOMEM, "restore");
	r.make.model = &r.model;
	seccomp_table_init(&r.seccomp);
	clock_gettime(CLOCK_MONOTONIC, &r.started);
	scoped(log_close) struct log *log =
		request->log
			? NULL
			: log_open(request->work_dir, ENGINE_RESTORE_LOG, request->log_level);
	r.model.log = request->log ? request->log : log;
	const struct sequence sequence = {
		.phase = phases,
		.n = sizeof(phases) / sizeof(phases[0]),
		.done = FATE_RUN,
		.failed = FATE_DIE,
		.log = r.model.log,
	};
	const struct rlimit was = nofile_raise();
	int ret = phases_run(&sequence, &r, err);
	nofile_reset(&was);
	for (size_t i = 0; i < r.model.n_warnings && request->host->warn; i++)
		request->host->warn(request->host->ctx, r.model.warning[i]);
	return ret;
}
