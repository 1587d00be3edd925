/* ipc.h - the container's IPC namespace: its limits; its objects are refused by name
 *
 * Carried  what a task or the bundle set in /proc/sys/kernel and /proc/sys/fs/mqueue
 *          (ipcns-var-ID.img).  At restore a value that the fresh bundle sets itself stays.
 * Refused  System V segments, queues and semaphore sets, POSIX message queues, each with its id
 *          or name.
 * Only of a namespace that was made for the container.
 */
#ifndef CKRUN_IPC_IPC_H
#define CKRUN_IPC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/image/schema/ipc.pb-c.h"

struct arena;
struct bundle_mount;
struct err;
struct findings;
struct image_dir;

/* Message queues are listed in the mqueue file system that the bundle mounts; without one (mount
 * may be NULL) one is mounted for the moment, whose end costs milliseconds. */
struct ipc_scene {
	struct arena *arena;
	pid_t init;     /* of the container, in our pid namespace */
	uint32_t ns_id; /* ipc_ns_id of ids-PID */
	bool made;      /* a namespace of its own: not the host's, not joined by path */
	/* ipc_look() alone */
	int root; /* of the container, O_PATH */
	const struct bundle_mount *mount;
	size_t n_mounts;
	struct findings *refused;
};

/* ipc_look() - *ret is NULL if the namespace is not the container's own. */
int ipc_look(const struct ipc_scene *scene, IpcVarEntry **ret, struct err *err);
int ipc_dump(struct image_dir *image, uint32_t ns_id, const IpcVarEntry *entry,
	     struct err *err);
/* ipc_restore() - before tasks run. */
int ipc_restore(const struct image_dir *image, const struct ipc_scene *scene, struct err *err);

#endif
