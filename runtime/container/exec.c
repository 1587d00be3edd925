#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/create.h"
#include "runtime/container/exec.h"

static int may_exec(const struct container *container, bool ignore_paused, struct err *err)
{
	enum container_status status;

	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status == CONTAINER_STOPPED)
		return fail(err, -ESRCH, "cannot exec in a stopped container");
	if (status == CONTAINER_CREATING)
		return fail(err, -EBUSY, "cannot exec in a container that is being created");
	if (status == CONTAINER_PAUSED && !ignore_paused)
		return fail(
			err, -EBUSY,
			"cannot exec in a paused container (use --ignore-paused to override)");
	return 0;
}

int container_exec(const struct container *container, const struct exec_request *request,
		   struct spawned *ret, struct err *err)
{
	const struct spawn_request wanted = {
		.mode = SPAWN_EXEC,
		.config = &container->config,
		.process = request->process,
		.id = container->id,
		.fifo = -1,
		.console_socket = request->console_socket,
		.preserve_fds = request->preserve_fds,
		.join = container->record.init.pid,
		.filters = store_filters(container->root, container->arena),
		.cgroup = container->cgroup,
		.calls = {.warn = request->notes.warn, .ctx = request->notes.ctx},
	};
	struct spawned process;

	if (may_exec(container, request->ignore_paused, err) < 0 ||
	    spawn(&wanted, &process, err) < 0)
		return err->code;
	if (pid_file_write(request->pid_file, process.pid, err) < 0) {
		kill(process.pid, SIGKILL);
		(void)waitpid(process.pid, NULL, 0);
		close(process.pidfd);
		return err->code;
	}
	*ret = process;
	return 0;
}
