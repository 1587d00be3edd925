/* ipc.h - the container's IPC namespace: its limits and its objects
 *
 * Carried  what a task or the bundle set in /proc/sys/kernel and /proc/sys/fs/mqueue
 *          (ipcns-var-ID.img).  At restore a value that the fresh bundle sets itself stays.
 *          System V segments (ipcns-shm-ID.img, contents in pagemap-shmem-SHMID.img), semaphore
 *          sets (ipcns-sem-ID.img) and message queues (ipcns-msg-ID.img): ids, keys, owners,
 *          creators, modes, contents.
 * Lost     when an object was used last and by whom (shm_atime, msg_lspid, sem_otime, GETPID ...).
 * Refused  segments of huge pages, POSIX message queues, each with its id or name.
 * Only of a namespace that was made for the container.
 *
 * The memory of segments is engine/mem's affair: regions that show them, contents of those that
 * are attached.
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

struct ipc_segment {
	IpcShmEntry *entry;
	uint64_t attached; /* checkpoint: regions that show it, whoever has them */
};

struct ipc_set {
	IpcSemEntry *entry;
	uint16_t *value; /* nsems of them */
};

struct ipc_queue {
	IpcMsgEntry *entry;
	uint64_t bytes; /* of all messages */
};

struct ipc_state {
	struct ipc_scene scene;
	IpcVarEntry *var; /* NULL: the namespace is not the container's own */
	struct ipc_segment *segment;
	size_t n_segments;
	struct ipc_set *set;
	size_t n_sets;
	struct ipc_queue *queue;
	size_t n_queues;
	bool removal_forced; /* restore: what the bundle made of kernel.shm_rmid_forced */
};

/* ipc_look() - *ret lives in the arena. */
int ipc_look(const struct ipc_scene *scene, struct ipc_state **ret, struct err *err);
int ipc_dump(struct image_dir *image, const struct ipc_state *state, struct err *err);

/* ipc_segment() - NULL: the namespace has none with that id. */
const struct ipc_segment *ipc_segment(const struct ipc_state *state, uint64_t id);

/* ipc_segment_open() - the memory of a segment that nobody has attached, for reading.  We attach
 * it for a moment: shm_atime, shm_dtime and shm_lpid change. */
int ipc_segment_open(const struct ipc_state *state, const struct ipc_segment *segment,
		     int *ret_fd, struct err *err);

/* ipc_restore() - before there are tasks: every object, segments without their contents. */
int ipc_restore(const struct image_dir *image, const struct ipc_scene *scene,
		struct ipc_state **ret, struct err *err);
/* ipc_settle() - every task has its memory: what ends with the last who attaches it may end. */
int ipc_settle(const struct ipc_state *state, struct err *err);

#endif
