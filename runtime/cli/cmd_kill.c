/* cmd_kill.c - send a signal to a container */
#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"
#include "runtime/container/kill.h"

struct kill_options {
	bool all;
};

/* clang-format off */
static const struct opt rows[] = {
	{"all", 'a', OPT_FLAG, OPT_TAKEN, offsetof(struct kill_options, all), "",
	 "to every process of the container, not only its init"},
};
/* clang-format on */

/* No lock: a checkpoint or a hook that hangs must not keep a signal away. */
static int run_kill(const struct call *call, const void *options, struct err *err)
{
	const struct kill_options *o = options;
	scoped(container_close) struct container container = CONTAINER_NONE;
	int signal = signal_number(call->args.n > 1 ? call->args.v[1] : "TERM", err);

	if (signal < 0 || container_open(call->arena, call->global->root, call->args.v[0],
					 STORE_READ, &container, err) < 0)
		return err->code;
	return container_kill(&container, signal, o->all ? KILL_ALL : KILL_INIT, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.synopsis = "CONTAINER [SIGNAL]",
	.brief = "send a signal (default TERM) to a container's init",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_kill,
};
