/* cmd_exec.c - one more process in a container */
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/console.h"
#include "runtime/cli/exec_process.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/report.h"
#include "runtime/container/exec.h"

struct exec_options {
	struct exec_wish wish;
	const char *console_socket, *pid_file;
	int preserve_fds;
	bool detach, ignore_paused;
};

#define AT(member) offsetof(struct exec_options, member)
/* clang-format off */
static const struct opt rows[] = {
	{"console-socket", 0, OPT_TEXT, OPT_TAKEN, AT(console_socket), "PATH",
	 "unix socket that gets the master of the terminal"},
	{"cwd", 0, OPT_TEXT, OPT_TAKEN, AT(wish.cwd), "DIR", "working directory in the container"},
	{"env", 'e', OPT_LIST, OPT_TAKEN, AT(wish.env), "NAME=value", "set a variable"},
	{"tty", 't', OPT_FLAG, OPT_TAKEN, AT(wish.tty), "", "give it a terminal"},
	{"user", 'u', OPT_TEXT, OPT_TAKEN, AT(wish.user), "UID[:GID]", "run as this user"},
	{"additional-gids", 'g', OPT_LIST, OPT_TAKEN, AT(wish.gids), "GID",
	 "one more supplementary group"},
	{"process", 'p', OPT_TEXT, OPT_TAKEN, AT(wish.file), "FILE",
	 "the process as JSON, in place of the other options"},
	{"detach", 'd', OPT_FLAG, OPT_TAKEN, AT(detach), "", "return once the program runs"},
	{"pid-file", 0, OPT_TEXT, OPT_TAKEN, AT(pid_file), "FILE", "write its pid to FILE"},
	{"process-label", 0, OPT_TEXT, OPT_TAKEN, AT(wish.label), "LABEL", "SELinux label"},
	{"apparmor", 0, OPT_TEXT, OPT_TAKEN, AT(wish.apparmor), "PROFILE", "AppArmor profile"},
	{"no-new-privs", 0, OPT_FLAG, OPT_TAKEN, AT(wish.no_new_privs), "",
	 "set no_new_privs"},
	{"cap", 'c', OPT_LIST, OPT_TAKEN, AT(wish.caps), "CAP_NAME", "one more capability"},
	{"preserve-fds", 0, OPT_NUMBER, OPT_TAKEN, AT(preserve_fds), "N",
	 "hand descriptors 3 to N+2 on to it"},
	{"ignore-paused", 0, OPT_FLAG, OPT_TAKEN, AT(ignore_paused), "",
	 "also into a paused container"},
	{"cgroup", 0, OPT_LIST, OPT_UNSUPPORTED, 0, "", ""},
	{"pidfd-socket", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", ""},
};
/* clang-format on */

/* begin() - the lock is held only until the program runs */
static int begin(const struct call *call, const struct exec_options *o, struct console *console,
		 struct spawned *ret, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;
	struct exec_wish wish = o->wish;
	struct oci_process process;

	wish.args = (struct args){call->args.v + 1, call->args.n - 1};
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_SHARE,
			   &container, err) < 0 ||
	    exec_process(call->arena, &container.config, &wish, &process, err) < 0)
		return err->code;
	const struct console_wish tty = {o->console_socket, process.terminal, o->detach};
	if (console_open(&tty, console, err) < 0 ||
	    (!o->detach && foreground_prepare(true, err) < 0))
		return err->code;
	const struct exec_request request = {.process = &process,
					     .pid_file = o->pid_file,
					     .console_socket = console->socket,
					     .preserve_fds = o->preserve_fds,
					     .ignore_paused = o->ignore_paused,
					     .notes = report_notes(call->global)};
	return container_exec(&container, &request, ret, err);
}

static int run_exec(const struct call *call, const void *options, struct err *err)
{
	const struct exec_options *o = options;
	scoped(console_close) struct console console = CONSOLE_NONE;
	struct spawned process = {.pidfd = -1};

	if (begin(call, o, &console, &process, err) < 0)
		return err->code;
	close(process.pidfd);
	report_held(call->global);
	return o->detach ? 0 : foreground_wait(process.pid, &console, err);
}

const struct command cmd_exec = {
	.name = "exec",
	.synopsis = "CONTAINER [PROGRAM [ARGUMENT...]]",
	.brief = "run one more program in a container",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct exec_options),
	.min_args = 1,
	.max_args = ARGS_ANY,
	.order = OPT_FIRST,
	.error_status = 255,
	.enters = true,
	.run = run_exec,
};
