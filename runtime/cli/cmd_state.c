/* cmd_state.c - print a container's state */
#include <stdio.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"

static int state(const struct call *call, const void *options, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;
	enum container_status status;
	scoped_free char *text = NULL;

	(void)options;
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_READ,
			   &container, err) < 0 ||
	    container_status(&container, &status, err) < 0)
		return err->code;
	const struct oci_state shown = container_state(&container, status);
	if (oci_state_text(&shown, &text, err) < 0)
		return err->code;
	fputs(text, stdout);
	return 0;
}

const struct command cmd_state = {
	.name = "state",
	.synopsis = "CONTAINER",
	.brief = "print the state of a container as JSON",
	.size = 1,
	.min_args = 1,
	.max_args = 1,
	.run = state,
};
