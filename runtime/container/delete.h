/* delete.h - remove a container and what belongs to it */
#ifndef CKRUN_CONTAINER_DELETE_H
#define CKRUN_CONTAINER_DELETE_H

struct arena;
struct err;
struct notes;

enum delete_mode {
	DELETE_STOPPED, /* or created, as runc: it is killed first */
	DELETE_FORCE,   /* whatever it does; a container that does not exist is a success */
};

/* container_delete() - kills what is left in its cgroup, removes cgroup and state, then runs the
 * poststop hooks, whose failures are only notes.  What a crash left half made is removed in
 * either mode. */
int container_delete(struct arena *arena, const char *root, const char *id,
		     enum delete_mode mode, const struct notes *notes, struct err *err);

#endif
