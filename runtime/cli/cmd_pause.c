/* cmd_pause.c - stop every process of a container where it is */
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"
#include "runtime/container/pause.h"

static int run_pause(const struct call *call, const void *options, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	(void)options;
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_SHARE,
			   &container, err) < 0)
		return err->code;
	return container_pause(&container, err);
}

const struct command cmd_pause = {
	.name = "pause",
	.synopsis = "CONTAINER",
	.brief = "stop every process of a container where it is",
	.size = 1,
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};
