/* cmd_start.c - run the program of a created container */
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"
#include "runtime/container/start.h"

static int run_start(const struct call *call, const void *options, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	(void)options;
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_CHANGE,
			   &container, err) < 0)
		return err->code;
	return container_start(&container, err);
}

const struct command cmd_start = {
	.name = "start",
	.synopsis = "CONTAINER",
	.brief = "run the program of a created container",
	.size = 1,
	.min_args = 1,
	.max_args = 1,
	.run = run_start,
};
