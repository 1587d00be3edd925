/* rooms.h - the rooms of this folder; all run in the container's IPC namespace */
#ifndef CKRUN_IPC_ROOMS_H
#define CKRUN_IPC_ROOMS_H

#include <sys/ipc.h>

#include "engine/ipc/ipc.h"

/* --- what the objects of System V have in common */

struct sysv_kind {
	const char *name;    /* "semaphore set" */
	const char *next_id; /* where the id of the next one is asked for */
};

/* sysv_describe() - a new description in the arena.  NULL: out of memory. */
IpcDescEntry *sysv_describe(struct arena *arena, int id, const struct ipc_perm *perm);

/* sysv_make() - get() makes an object with key and flags of shmget(2) and others: as its
 * creator, with the wanted id. */
int sysv_make(const struct sysv_kind *kind, const IpcDescEntry *desc,
	      int (*get)(const void *ctx, key_t key, int flags), const void *ctx,
	      struct err *err);

/* sysv_own() - owner and mode into what IPC_SET takes. */
void sysv_own(const IpcDescEntry *desc, struct ipc_perm *ret);

/* --- the rooms: look, write, and make again what was read */

int shm_look(struct ipc_state *state, struct err *err);
int shm_dump(struct image_dir *image, const struct ipc_state *state, struct err *err);
int shm_restore(const struct image_dir *image, struct ipc_state *state, struct err *err);
int shm_settle(const struct ipc_state *state, struct err *err);
int shm_open_memory(uint32_t id, int *ret_fd, struct err *err);

int sem_look(struct ipc_state *state, struct err *err);
int sem_dump(struct image_dir *image, const struct ipc_state *state, struct err *err);
int sem_restore(const struct image_dir *image, struct ipc_state *state, struct err *err);

int msg_look(struct ipc_state *state, struct err *err);
int msg_dump(struct image_dir *image, const struct ipc_state *state, struct err *err);
int msg_restore(const struct image_dir *image, struct ipc_state *state, struct err *err);

int mqueue_look(const struct ipc_scene *scene, struct err *err);

int var_look(struct ipc_state *state, struct err *err);
int var_restore(const IpcVarEntry *entry, struct err *err);

/* kernel.shm_rmid_forced takes away what nobody attaches, so it waits until all is attached:
 * var_hold_removal() sets it to 0 and tells what it was. */
int var_hold_removal(bool *ret_was, struct err *err);
int var_force_removal(struct err *err);

#endif
