/* rooms.h - the rooms of this folder; all run in the container's IPC namespace */
#ifndef CKRUN_IPC_ROOMS_H
#define CKRUN_IPC_ROOMS_H

#include <stddef.h>

#include "engine/ipc/ipc.h"

/* sysv_look(), mqueue_look() - name what is there. */
int sysv_look(const struct ipc_scene *scene, struct err *err);
int mqueue_look(const struct ipc_scene *scene, struct err *err);

int var_look(const struct ipc_scene *scene, IpcVarEntry **ret, struct err *err);
int var_restore(const IpcVarEntry *entry, struct err *err);

/* sysv_ids() - pure: "2 (ids 0, 32769)" of a file of /proc/sysvipc, in buf; 0: there are none. */
int sysv_ids(const char *text, char *buf, size_t size);

#endif
