/* container.h - one container as its state directory and the kernel show it
 *
 * The commands themselves: create.h, start.h, kill.h, delete.h, exec.h, pause.h.
 */
#ifndef CKRUN_CONTAINER_CONTAINER_H
#define CKRUN_CONTAINER_CONTAINER_H

#include "oci/config.h"
#include "oci/state.h"
#include "runtime/container/record.h"
#include "runtime/container/store.h"

struct arena;
struct cgroup_set;
struct err;

enum container_status {
	CONTAINER_CREATING, /* `create`, `run` or `restore` is at work */
	CONTAINER_CREATED,  /* the init waits on the start FIFO */
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED, /* also: whoever was creating it has died */
};

/* What a command tells besides its result: something given up without failing. */
struct notes {
	void (*warn)(void *ctx, const char *text); /* may be NULL */
	void *ctx;
};

struct container {
	struct arena *arena;
	const char *root, *id;
	struct store store;
	struct record record;
	struct oci_config config;
	struct cgroup_set *cgroup; /* NULL: none made yet, or its hierarchies are gone */
};

#define CONTAINER_NONE ((struct container){.store = {-1, -1}})
#define START_FIFO "exec.fifo"

/* container_open() - frees it first if a checkpoint of it was killed (checkpoint.h).  -ENOENT with runc's words: container "web" does not exist. */
int container_open(struct arena *arena, const char *root, const char *id, enum store_lock lock,
		   struct container *ret, struct err *err);
/* container_open_as_it_is() - the same without container_recover() first. */
int container_open_as_it_is(struct arena *arena, const char *root, const char *id,
			    enum store_lock lock, struct container *ret, struct err *err);
void container_close(struct container *container); /* and unlock; for scoped() */

int container_save(const struct container *container, struct err *err);

/* container_status() - from the process, the start FIFO and the freezer, as they are now. */
int container_status(const struct container *container, enum container_status *ret,
		     struct err *err);
const char *container_status_name(enum container_status status);

/* container_state() - for the writers of oci/state.h; points into the container. */
struct oci_state container_state(const struct container *container,
				 enum container_status status);

/* container_cgroup() - the set, or an error that says why there is none. */
int container_cgroup(const struct container *container, struct cgroup_set **ret,
		     struct err *err);

/* container_tasks() - the pids of all its processes in our pid namespace; none if its cgroup is
 * gone.  They live in the container's arena. */
int container_tasks(const struct container *container, pid_t **ret, size_t *ret_n,
		    struct err *err);

#endif
