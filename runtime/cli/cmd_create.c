/* cmd_create.c - make a container that waits for `start` */
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/console.h"
#include "runtime/cli/making.h"
#include "runtime/container/create.h"

/* clang-format off */
static const struct opt rows[] = {
	MAKING_OPTIONS,
};
/* clang-format on */

static int run_create(const struct call *call, const void *options, struct err *err)
{
	const struct making *making = options;
	scoped(container_close) struct container container = CONTAINER_NONE;
	scoped(console_close) struct console console = CONSOLE_NONE;

	if (making_console(call, making, true, &console, err) < 0)
		return err->code;
	const struct create_request request = making_request(call, making, console.socket);
	return container_create(call->arena, &request, &container, err);
}

const struct command cmd_create = {
	.name = "create",
	.synopsis = "CONTAINER",
	.brief = "make a container that waits for start",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct making),
	.min_args = 1,
	.max_args = 1,
	.enters = true,
	.run = run_create,
};
