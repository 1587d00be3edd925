/* events.h - the hooks of a container at their places in its life
 *
 *	kind             status    runs in                          after / before
 *	prestart         creating  runtime's namespaces             mounts / createRuntime
 *	createRuntime    creating  runtime's namespaces             prestart / createContainer
 *	createContainer  creating  container's mount namespace      createRuntime / pivot_root
 *	startContainer   created   the container                    start asked / execve
 *	poststart        running   runtime's namespaces             execve / `start` returns
 *	poststop         stopped   runtime's namespaces             deletion / `delete` returns
 *
 * A restore runs all of them as a start does; the state that they get on stdin has the
 * annotation org.ckrun.restore=true then.
 */
#ifndef CKRUN_CONTAINER_EVENTS_H
#define CKRUN_CONTAINER_EVENTS_H

#include "runtime/container/container.h"

#define RESTORE_ANNOTATION "org.ckrun.restore"

enum life { LIFE_FRESH, LIFE_RESTORED };

/* event() - run the hooks of this kind; pid is the init's.  poststop runs all of its hooks
 * and returns the first failure, the others stop at it. */
int event(const struct container *container, enum oci_hook_kind kind, pid_t pid, enum life life,
	  struct err *err);

#endif
