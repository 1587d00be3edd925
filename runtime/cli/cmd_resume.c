/* cmd_resume.c - let the processes of a paused container go on */
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"
#include "runtime/container/pause.h"

static int run_resume(const struct call *call, const void *options, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	(void)options;
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_SHARE,
			   &container, err) < 0)
		return err->code;
	return container_resume(&container, err);
}

const struct command cmd_resume = {
	.name = "resume",
	.synopsis = "CONTAINER",
	.brief = "let the processes of a paused container go on",
	.size = 1,
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
