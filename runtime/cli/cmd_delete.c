/* cmd_delete.c - remove a container */
#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/cli/command.h"
#include "runtime/cli/report.h"
#include "runtime/container/container.h"
#include "runtime/container/delete.h"

struct delete_options {
	bool force;
};

/* clang-format off */
static const struct opt rows[] = {
	{"force", 'f', OPT_FLAG, OPT_TAKEN, offsetof(struct delete_options, force), "",
	 "kill it first if it runs; no error if there is none"},
};
/* clang-format on */

static int run_delete(const struct call *call, const void *options, struct err *err)
{
	const struct delete_options *o = options;
	const struct notes notes = report_notes(call->global);

	return container_delete(call->arena, call->global->root, call->args.v[0],
				o->force ? DELETE_FORCE : DELETE_STOPPED, &notes, err);
}

const struct command cmd_delete = {
	.name = "delete",
	.synopsis = "CONTAINER",
	.brief = "remove a stopped container, its cgroup and its state",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_delete,
};
