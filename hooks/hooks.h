/* hooks.h - run the hooks of one kind
 *
 * Source: runtime-spec 1.3, config.md "POSIX-platform Hooks", runtime.md "Lifecycle".
 *
 * A hook gets the container's state as JSON on stdin (a file that begins with it, so a hook that
 * does not read cannot stall us), the arguments and only the environment of its row, nothing of
 * our descriptors, default signals and a process group of its own.  It runs in the namespaces of
 * the caller.  What it prints on stdout is dropped; the last line it prints on stderr stands in
 * the sentence when it fails:
 *
 *	hook createRuntime 2 (/usr/bin/net-setup): exit status 3: no such bridge
 *
 * When its timeout is over, the hook's whole process group is killed.
 */
#ifndef CKRUN_HOOKS_HOOKS_H
#define CKRUN_HOOKS_HOOKS_H

#include <sys/types.h>

#include "oci/hooks.h"

struct err;

enum hooks_failure {
	HOOKS_STOP,  /* the first failure ends the list */
	HOOKS_GO_ON, /* all run; the first failure is told (poststop: it is only logged) */
};

struct hooks_request {
	const struct oci_hook_list *list;
	enum oci_hook_kind kind;
	const char *state; /* JSON */
	const char *dir;   /* working directory; NULL: the caller's */
	enum hooks_failure failure;
};

int hooks_run(const struct hooks_request *request, struct err *err);

#endif
