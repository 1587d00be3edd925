/* store.h - one directory per container below --root
 *
 *	ROOT/ID/state.json	record.h; replaced as a whole, so readers need no lock
 *	ROOT/ID/config.json	copy of the bundle's
 *	ROOT/ID/lock		locked by commands that change the container
 *	ROOT/ID/exec.fifo	there from `create` until `start`
 *	ROOT/ID/checkpoint.lock	there while a checkpoint holds the container's tasks
 *	ROOT/~filters		compiled seccomp filters; the name can be no id
 *
 * Locks are fcntl(2) record locks: a process' own, so no child that it makes keeps the lock
 * alive, and they end with the process however it ends.
 */
#ifndef CKRUN_CONTAINER_STORE_H
#define CKRUN_CONTAINER_STORE_H

#include <stddef.h>

struct arena;
struct err;

enum store_lock {
	STORE_READ,   /* none */
	STORE_SHARE,  /* others may share, nobody may change: exec */
	STORE_CHANGE, /* alone; waits for its turn */
};

struct store {
	int dir;  /* O_DIRECTORY; -1: none */
	int lock; /* -1: none */
};

#define STORE_NONE ((struct store){-1, -1})

/* store_check_id() - what runc allows: A-Z a-z 0-9 + _ . - but not "." or "..", at most 1024. */
int store_check_id(const char *id, struct err *err);

/* store_reserve() - make the directory, locked for change; the id must be free (-EEXIST). */
int store_reserve(const char *root, const char *id, struct store *ret, struct err *err);

/* store_open() - -ENOENT: `container "web" does not exist`, also if it went while we waited. */
int store_open(const char *root, const char *id, enum store_lock lock, struct store *ret,
	       struct err *err);
void store_close(struct store *store); /* and unlock; for scoped() */

/* store_unlock() - let others in, keep the directory. */
void store_unlock(struct store *store);

/* store_remove() - the directory and all in it.  It must be locked for change. */
int store_remove(const char *root, const char *id, struct store *store, struct err *err);

/* store_filters() - path of ROOT/~filters; NULL: out of memory. */
char *store_filters(const char *root, struct arena *arena);

/* store_list() - every id, sorted; a root that does not exist has none. */
int store_list(const char *root, struct arena *arena, char ***ret, size_t *ret_n,
	       struct err *err);

#endif
