/* exec.h - one more process in a running container */
#ifndef CKRUN_CONTAINER_EXEC_H
#define CKRUN_CONTAINER_EXEC_H

#include <stdbool.h>

#include "runtime/container/container.h"
#include "runtime/container/spawn.h"

struct exec_request {
	const struct oci_process *process;
	const char *pid_file; /* NULL: none */
	int console_socket;   /* connected; -1: none */
	int preserve_fds;
	bool ignore_paused; /* join a paused container: the process runs once it is resumed */
	struct notes notes;
};

/* container_exec() - returns when the program is executed.  It is a child of ours.  The
 * container must be locked (STORE_SHARE), so that no checkpoint begins meanwhile. */
int container_exec(const struct container *container, const struct exec_request *request,
		   struct spawned *ret, struct err *err);

#endif
