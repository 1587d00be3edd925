/* cmd_checkpoint.c - write a container to an image */
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/carry.h"
#include "runtime/cli/command.h"
#include "runtime/cli/report.h"
#include "runtime/container/checkpoint.h"
#include "runtime/container/delete.h"

struct options {
	struct checkpoint_options checkpoint;
	const char *cgroups_mode, *empty_ns;
};

#define AT(field) offsetof(struct options, checkpoint.field)

/* clang-format off */
static const struct opt rows[] = {
	{"image-path", 0, OPT_TEXT, OPT_TAKEN, AT(image_path), "DIR",
	 "where the image is written (default: ./checkpoint)"},
	{"work-path", 0, OPT_TEXT, OPT_TAKEN, AT(work_path), "DIR",
	 "where statistics are written (default: the image path)"},
	{"leave-running", 0, OPT_FLAG, OPT_TAKEN, AT(leave_running), "",
	 "the container goes on afterwards"},
	{"tcp-established", 0, OPT_FLAG, OPT_TAKEN, AT(tcp_established), "",
	 "connections that lead out of the container are wanted as well"},
	{"file-locks", 0, OPT_FLAG, OPT_TAKEN, AT(file_locks), "",
	 "accepted: locks are carried without it"},
	{"ext-unix-sk", 0, OPT_FLAG, OPT_TAKEN, AT(ext_unix_sk), "",
	 "datagram sockets connected to one outside the container are wanted"},
	{"shell-job", 0, OPT_FLAG, OPT_TAKEN, AT(shell_job), "",
	 "tasks whose session is outside the container are wanted"},
	{"manage-cgroups-mode", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct options, cgroups_mode),
	 "MODE", "soft (default), full, strict or ignore: the fresh bundle's cgroup is used"},
	{"empty-ns", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct options, empty_ns), "TYPE",
	 "network: accepted, the fresh bundle's namespace is used"},
	{"network-lock", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"link-remap", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"lazy-pages", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"status-fd", 0, OPT_NUMBER, OPT_UNSUPPORTED, 0, "", ""},
	{"page-server", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"parent-path", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"pre-dump", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"auto-dedup", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"tcp-skip-in-flight", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"tcp-close", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
};
/* clang-format on */

/* As runc: a container that was written and not left running is gone; its id is free. */
static int write_image(const struct call *call, const struct checkpoint_options *wanted,
		       struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_CHANGE,
			   &container, err) < 0)
		return err->code;
	return container_checkpoint(&container, wanted, err);
}

static int run_checkpoint(const struct call *call, const void *options, struct err *err)
{
	const struct notes notes = report_notes(call->global);
	const struct options *o = options;
	struct checkpoint_options wanted = o->checkpoint;

	if (carry_check_modes(o->cgroups_mode, o->empty_ns, err) < 0)
		return err->code;
	wanted.log_level = call->global->debug ? LOG_DEBUG : LOG_INFO;
	if (!wanted.image_path)
		wanted.image_path = "checkpoint";
	if (write_image(call, &wanted, err) < 0)
		return err->code;
	if (wanted.leave_running)
		return 0;
	return container_delete(call->arena, call->global->root, call->args.v[0], DELETE_FORCE,
				&notes, err);
}

const struct command cmd_checkpoint = {
	.name = "checkpoint",
	.synopsis = "CONTAINER",
	.brief = "write every process of a container to an image; it is gone then",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run_checkpoint,
};
