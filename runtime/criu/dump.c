/* dump.c - a tree becomes an image */
#include <errno.h>

#include "engine/engine.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/carry.h"
#include "runtime/criu/code.h"
#include "runtime/criu/rpc.h"

enum { TEXT_MAX = ERR_FRAMES * (ERR_FRAME_MAX + 2) + ERR_ALSO_MAX + 512 };

static int moment(void *ctx, const char *name, struct err *err)
{
	const struct carry *carry = ctx;

	return carry->notify < 0 ? 0 : rpc_notify(carry->notify, name, 0, err);
}

static int run_engine(const struct carry *carry, struct log *log, struct err *err)
{
	static const enum fate_wish fates[] = {
		[CARRY_END_THEM] = STOP_AFTER,
		[CARRY_LEAVE_RUNNING] = LEAVE_RUNNING,
		[CARRY_LEAVE_STOPPED] = LEAVE_STOPPED,
	};
	const struct checkpoint_host host = {.ctx = (void *)carry, .moment = moment};
	const struct checkpoint_request request = {
		.id = "criu",
		.init = carry->pid,
		.image_dir = carry->images_dir,
		.work_dir = carry->work_dir,
		.state_dir = carry->work_dir,
		.log = log,
		.host = &host,
		.fate = fates[carry->end],
		.tcp_established = carry->tcp_established,
		.file_locks = true,
		.ext_unix_sk = carry->ext_unix_sk,
		.shell_job = carry->shell_job,
	};

	/* an earlier dump that was killed half way left its tasks in planted code */
	int r = recover(NULL, carry->work_dir, false, err);
	if (r < 0)
		return fail_in(err, "free the tasks of a dump that was killed");
	return checkpoint(&request, err);
}

int carry_dump(const struct carry *carry, struct err *err)
{
	char text[TEXT_MAX];
	scoped(log_close) struct log *log =
		carry->log_file ? log_open(carry->work_dir, carry->log_file, carry->log_level)
				: NULL;

	int r = carry->pid > 0 ? run_engine(carry, log, err)
			       : fail(err, -EINVAL, "no task is named; use --tree PID");
	if (r < 0)
		log_line(log, LOG_ERROR, "criu", "Error: dump: %s",
			 criu_code_message(err, text, sizeof(text)));
	return r;
}
