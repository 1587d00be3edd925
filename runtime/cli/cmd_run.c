/* cmd_run.c - create and start; in the foreground stay until it ends, then delete */
#include <signal.h>
#include <sys/wait.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/making.h"
#include "runtime/cli/report.h"
#include "runtime/container/start.h"

struct run_options {
	struct making making;
	bool detach, no_subreaper, keep;
};

/* clang-format off */
static const struct opt rows[] = {
	MAKING_OPTIONS,
	{"detach", 'd', OPT_FLAG, OPT_TAKEN, offsetof(struct run_options, detach), "",
	 "return once the program runs"},
	{"no-subreaper", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct run_options, no_subreaper), "",
	 "do not adopt orphans of the container"},
	{"keep", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct run_options, keep), "",
	 "do not delete the container when it ends"},
};
/* clang-format on */

/* begin() - create and start; on failure nothing is left */
static int begin(const struct call *call, const struct run_options *o, int console_socket,
		 pid_t *ret_init, struct err *err)
{
	const struct create_request request = making_request(call, &o->making, console_socket);
	struct container container;

	if (container_create(call->arena, &request, &container, err) < 0)
		return err->code;
	*ret_init = container.record.init.pid;
	int r = container_start(&container, err);
	container_close(&container);
	if (r == 0)
		return 0;
	making_delete(call);
	(void)waitpid(*ret_init, NULL, 0);
	return r;
}

static int run_run(const struct call *call, const void *options, struct err *err)
{
	const struct run_options *o = options;
	scoped(console_close) struct console console = CONSOLE_NONE;
	pid_t init = 0;

	if (making_console(call, &o->making, o->detach, &console, err) < 0 ||
	    (!o->detach && foreground_prepare(!o->no_subreaper, err) < 0) ||
	    begin(call, o, console.socket, &init, err) < 0)
		return err->code;
	if (o->detach)
		return 0;
	report_held(call->global);
	int status = foreground_wait(init, &console, err);
	if (!o->keep)
		making_delete(call);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.synopsis = "CONTAINER",
	.brief = "create and start a container",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct run_options),
	.min_args = 1,
	.max_args = 1,
	.enters = true,
	.run = run_run,
};
