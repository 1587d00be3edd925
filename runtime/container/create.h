/* create.h - make a container that waits to be started
 *
 * In this order: id reserved, bundle read, state.json (a crash from here on leaves something
 * that `delete` can remove), cgroup with its limits, processes with the hooks prestart,
 * createRuntime and createContainer, pid file, state.json with the init.
 * On failure nothing of it remains.
 */
#ifndef CKRUN_CONTAINER_CREATE_H
#define CKRUN_CONTAINER_CREATE_H

#include <stdbool.h>

#include "runtime/container/container.h"
#include "runtime/container/events.h"
#include "runtime/container/spawn.h"

struct create_request {
	const char *root, *id, *bundle;
	const char *pid_file; /* NULL: none */
	int console_socket;   /* connected; -1: none.  Borrowed */
	int preserve_fds;
	bool no_pivot, no_new_keyring;
	struct notes notes;
};

/* container_create() - *ret is open and locked for change. */
int container_create(struct arena *arena, const struct create_request *request,
		     struct container *ret, struct err *err);

/* --- steps of it that a restore has as well */

/* container_new() - id reserved, bundle read and checked, record begun. */
int container_new(struct arena *arena, const struct create_request *request,
		  struct container *ret, struct err *err);

/* container_name_cgroup() - as the bundle says, or after the id.
 * container_make_cgroup() - made, limited, recorded and, from here on, the container's. */
int container_name_cgroup(const struct container *container, struct cgroup_set **ret,
			  struct err *err);
int container_make_cgroup(struct container *container, struct cgroup_set *set, struct err *err);

struct creation {
	const struct create_request *request;
	struct container *container;
	enum life life;
	pid_t vpid; /* of the init, as its pid namespace names it; 0: any */
};

/* container_spawn() - its first process, with the hooks at their places. */
int container_spawn(struct creation *creation, enum spawn_mode mode, int fifo,
		    struct spawned *ret, struct err *err);

/* container_born() - the init stands: remember it and its stdio. */
int container_born(struct container *container, pid_t init, struct err *err);

/* container_undo() - kill what runs in its cgroup, remove cgroup and state; init is reaped if
 * it is a child of ours. */
void container_undo(struct container *container, pid_t init);

/* pid_file_write() - as a whole; path NULL: nothing to do. */
int pid_file_write(const char *path, pid_t pid, struct err *err);

#endif
