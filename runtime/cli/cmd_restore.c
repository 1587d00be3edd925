/* cmd_restore.c - bring a container back from an image; in the foreground stay until it ends */
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/carry.h"
#include "runtime/cli/command.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/making.h"
#include "runtime/cli/report.h"
#include "runtime/container/checkpoint.h"

struct options {
	struct making making; /* first: MAKING_BUNDLE_OPTIONS */
	struct restore_options restore;
	const char *cgroups_mode, *empty_ns;
	bool detach, no_subreaper, file_locks;
};

#define AT(field) offsetof(struct options, field)

/* clang-format off */
static const struct opt rows[] = {
	MAKING_BUNDLE_OPTIONS,
	{"image-path", 0, OPT_TEXT, OPT_TAKEN, AT(restore.image_path), "DIR",
	 "where the image is (default: ./checkpoint)"},
	{"work-path", 0, OPT_TEXT, OPT_TAKEN, AT(restore.work_path), "DIR",
	 "where statistics are written (default: the image path)"},
	{"detach", 'd', OPT_FLAG, OPT_TAKEN, AT(detach), "", "return once the tasks run"},
	{"no-subreaper", 0, OPT_FLAG, OPT_TAKEN, AT(no_subreaper), "",
	 "do not adopt orphans of the container"},
	{"tcp-established", 0, OPT_FLAG, OPT_TAKEN, AT(restore.tcp_established), "",
	 "connections that lead out of the container are wanted as well"},
	{"tcp-close", 0, OPT_FLAG, OPT_TAKEN, AT(restore.tcp_close), "",
	 "connections that lead out of the container come back closed"},
	{"file-locks", 0, OPT_FLAG, OPT_TAKEN, AT(file_locks), "",
	 "accepted: locks are carried without it"},
	{"ext-unix-sk", 0, OPT_FLAG, OPT_TAKEN, AT(restore.ext_unix_sk), "",
	 "datagram sockets connected to one outside the container are wanted"},
	{"shell-job", 0, OPT_FLAG, OPT_TAKEN, AT(restore.shell_job), "",
	 "tasks whose session was outside the container come into ours"},
	{"manage-cgroups-mode", 0, OPT_TEXT, OPT_TAKEN, AT(cgroups_mode), "MODE",
	 "soft (default), full, strict or ignore: the bundle's cgroup is used"},
	{"empty-ns", 0, OPT_TEXT, OPT_TAKEN, AT(empty_ns), "TYPE",
	 "network: accepted, the bundle's namespace is used"},
	{"auto-dedup", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"lazy-pages", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"parent-path", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"page-server", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"lsm-profile", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
	{"lsm-mount-context", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
};
/* clang-format on */

static int begin(const struct call *call, const struct options *o, int console_socket,
		 pid_t *ret_init, struct err *err)
{
	const struct create_request request = making_request(call, &o->making, console_socket);
	struct restore_options wanted = o->restore;
	struct container container;

	wanted.log_level = call->global->debug ? LOG_DEBUG : LOG_INFO;
	if (!wanted.image_path)
		wanted.image_path = "checkpoint";
	if (container_restore(call->arena, &request, &wanted, &container, err) < 0)
		return err->code;
	*ret_init = container.record.init.pid;
	container_close(&container);
	return 0;
}

static int run_restore(const struct call *call, const void *options, struct err *err)
{
	const struct options *o = options;
	scoped(console_close) struct console console = CONSOLE_NONE;
	pid_t init = 0;

	if (carry_check_modes(o->cgroups_mode, o->empty_ns, err) < 0 ||
	    making_console(call, &o->making, o->detach, &console, err) < 0 ||
	    (!o->detach && foreground_prepare(!o->no_subreaper, err) < 0) ||
	    begin(call, o, console.socket, &init, err) < 0)
		return err->code;
	if (o->detach)
		return 0;
	report_held(call->global);
	int status = foreground_wait(init, &console, err);
	making_delete(call);
	return status;
}

const struct command cmd_restore = {
	.name = "restore",
	.synopsis = "CONTAINER",
	.brief = "bring a container back from an image",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.enters = true,
	.run = run_restore,
};
