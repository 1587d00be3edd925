#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/container.h"
#include "runtime/container/events.h"
#include "runtime/container/kill.h"
#include "runtime/container/spawn.h"
#include "runtime/container/start.h"

static int may_start(const struct container *container, struct err *err)
{
	enum container_status status;

	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status == CONTAINER_STOPPED)
		return fail(err, -ESRCH, "cannot start a container that has stopped");
	if (status == CONTAINER_RUNNING)
		return fail(err, -EBUSY, "cannot start an already running container");
	if (status != CONTAINER_CREATED)
		return fail(err, -EBUSY, "cannot start a container in the %s state",
			    container_status_name(status));
	if (!container->config.has_process)
		return fail(err, -EINVAL, "config.json has no process to start");
	return 0;
}

int container_start(const struct container *container, struct err *err)
{
	scoped_fd int pidfd = -1;
	struct err ignored = {};

	if (may_start(container, err) < 0 ||
	    process_open(&container->record.init, &pidfd, err) < 0)
		return err->code;
	int r = spawn_start(container->store.dir, START_FIFO, pidfd, err);
	if (unlinkat(container->store.dir, START_FIFO, 0) < 0 && r == 0)
		return fail_errno(err, "remove the start FIFO");
	if (r < 0)
		return r;
	if (event(container, OCI_HOOK_POSTSTART, container->record.init.pid, LIFE_FRESH, err) ==
	    0)
		return 0;
	(void)container_kill(container, SIGKILL, KILL_INIT, &ignored);
	return err->code;
}
