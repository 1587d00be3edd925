/* checkpoint.c - the phases of a checkpoint, in order
 *
 * The cgroup freezer holds all tasks while they are found and seized (nobody forks meanwhile);
 * then it is opened and the ptrace stops hold them, because planted code cannot run in a
 * frozen cgroup.  On the way back everything is released in reverse: a container that was
 * paused is frozen again before its tasks are let go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/cgroup.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/image/dir.h"
#include "engine/inject/calls.h"
#include "engine/nofile.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

static int open_image(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	int r = image_create(c->request->image_dir, &c->image, err);
	c->fds.image = c->image;
	return r;
}

static void close_image(void *ctx, enum fate fate)
{
	struct checkpoint *c = ctx;

	(void)fate;
	image_close(&c->image);
}

static const struct phase phases[] = {
	{"open", open_image, close_image},
	{"freeze", checkpoint_freeze, checkpoint_thaw},
	{"seize", checkpoint_seize, checkpoint_let_go},
	{"lock", checkpoint_lock, checkpoint_unlock},
	{"survey", checkpoint_survey, checkpoint_forget},
	{"infect", checkpoint_infect, checkpoint_cure},
	{"dump", checkpoint_dump, NULL},
	{"pages", checkpoint_pages, NULL},
	{"commit", checkpoint_commit, NULL},
};

int checkpoint_refused(struct checkpoint *c, int r, struct err *err)
{
	char text[ERR_FRAMES * ERR_FRAME_MAX];
	struct err none = {0};

	if (r != REFUSED)
		return r;
	err_text(err, text, sizeof(text));
	log_line(c->model.log, LOG_ERROR, "survey", "refused: %s", text);
	*err = none;
	return findings_add(&c->refused, err, "%s", text);
}

int checkpoint_moment(const struct checkpoint *c, const char *name, struct err *err)
{
	const struct checkpoint_host *host = c->request->host;

	return host && host->moment ? host->moment(host->ctx, name, err) : 0;
}

int checkpoint_verdict(const struct checkpoint *c, struct err *err)
{
	if (!c->refused.n)
		return 0;
	refuse(err, "%s", c->refused.text[0]);
	for (size_t i = 1; i < c->refused.n; i++)
		err_also(err, "%s", c->refused.text[i]);
	return REFUSED;
}

static int run(struct checkpoint *c, struct err *err)
{
	const struct sequence sequence = {
		.phase = phases,
		.n = sizeof(phases) / sizeof(phases[0]),
		.done = c->request->fate == STOP_AFTER ? FATE_DIE : FATE_RUN,
		.failed = FATE_RUN,
		.log = c->model.log,
	};

	return phases_run(&sequence, c, err);
}

int checkpoint(const struct checkpoint_request *request, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free struct calls *calls = malloc(sizeof(*calls));
	struct checkpoint c = {
		.request = request,
		.arena = arena,
		.model = {.arena = arena},
		.refused = {.arena = arena},
		.calls = calls,
		.host_net = -1,
		.net = -1,
		.fds = {.root = -1,
			.init_stdio = request->stdio,
			.tcp_established = request->tcp_established,
			.ext_unix_sk = request->ext_unix_sk,
			.shell_job = request->shell_job,
			.on_host = !request->cgroup},
	};

	if (!arena || !calls)
		return fail(err, -ENOMEM, "checkpoint");
	c.fds.model = &c.model;
	seccomp_table_init(&c.seccomp);
	scoped(log_close) struct log *log =
		request->log ? NULL
			     : log_open(request->work_dir, ENGINE_DUMP_LOG, request->log_level);
	c.model.log = request->log ? request->log : log;
	const struct rlimit was = nofile_raise();
	int r = run(&c, err);
	nofile_reset(&was);
	return r;
}
