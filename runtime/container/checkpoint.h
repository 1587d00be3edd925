/* checkpoint.h - carry a container: write it to an image, bring one back, free one half carried
 *
 * Between container and engine: what the engine needs to know of a container goes into its
 * requests, and what it asks for while it restores (the container itself) is made here.
 */
#ifndef CKRUN_CONTAINER_CHECKPOINT_H
#define CKRUN_CONTAINER_CHECKPOINT_H

#include <stdbool.h>

#include "runtime/base/log.h"
#include "runtime/container/container.h"
#include "runtime/container/create.h"

struct checkpoint_options {
	const char *image_path; /* made if it is not there */
	const char *work_path;  /* NULL: the image path */
	enum log_level log_level;
	bool leave_running;
	bool tcp_established, file_locks, ext_unix_sk, shell_job, link_remap;
};

/* container_checkpoint() - of a running or paused container, locked for change.  Afterwards it
 * is stopped (and can be deleted) or, with leave_running, as it was. */
int container_checkpoint(const struct container *container,
			 const struct checkpoint_options *options, struct err *err);

struct restore_options {
	const char *image_path, *work_path;
	enum log_level log_level;
	bool tcp_established, tcp_close, ext_unix_sk, shell_job;
};

/* container_restore() - a new container of the request's bundle, its tasks from the image; *ret
 * is open and locked for change.  On failure nothing of it remains. */
int container_restore(struct arena *arena, const struct create_request *request,
		      const struct restore_options *options, struct container *ret,
		      struct err *err);

/* container_recover() - if a checkpoint of this container was killed half way, free its tasks.
 * Cheap if there is nothing to do; waits for nobody. */
int container_recover(struct arena *arena, const char *root, const char *id, struct err *err);

/* checkpoint_holds() - a checkpoint is at work on the container of this state directory; tells
 * whether the user had paused it.  checkpoint_was_killed() - one was, and nobody has freed the
 * tasks since. */
bool checkpoint_holds(int dir, bool *ret_was_paused);
bool checkpoint_was_killed(int dir);

#endif
