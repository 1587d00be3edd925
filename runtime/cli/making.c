#include "runtime/cli/making.h"
#include "runtime/base/err.h"
#include "runtime/cli/report.h"
#include "runtime/container/bundle.h"
#include "runtime/container/delete.h"

static const char *bundle_of(const struct making *making)
{
	return making->bundle ? making->bundle : ".";
}

int making_console(const struct call *call, const struct making *making, bool detach,
		   struct console *ret, struct err *err)
{
	struct bundle bundle;

	if (bundle_read(call->arena, bundle_of(making), &bundle, err) < 0)
		return err->code;
	const struct console_wish wish = {making->console_socket,
					  bundle.config.process.terminal, detach};
	return console_open(&wish, ret, err);
}

struct create_request making_request(const struct call *call, const struct making *making,
				     int console_socket)
{
	return (struct create_request){
		.root = call->global->root,
		.id = call->args.v[0],
		.bundle = bundle_of(making),
		.pid_file = making->pid_file,
		.console_socket = console_socket,
		.preserve_fds = making->preserve_fds,
		.no_pivot = making->no_pivot,
		.no_new_keyring = making->no_new_keyring,
		.notes = report_notes(call->global),
	};
}

void making_delete(const struct call *call)
{
	const struct notes notes = report_notes(call->global);
	struct err err = {};

	if (container_delete(call->arena, call->global->root, call->args.v[0], DELETE_FORCE,
			     &notes, &err) < 0)
		report_warning(call->global, &err);
}
