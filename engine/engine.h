/* engine.h - the only door of the checkpoint/restore engine
 *
 * checkpoint()  writes every task of a container's cgroup to an image.
 * restore()     brings an image back into a container that the caller makes on request.
 * recover()     frees a container whose checkpoint was killed half way.
 *
 * A request is plain borrowed data; it outlives the call.  Descriptors are borrowed too.
 * Failure leaves a checkpointed container as it was, and nothing of a restored one.
 */
#ifndef CKRUN_ENGINE_H
#define CKRUN_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/log.h"

struct err;
struct cgroup_set;

/* Where a mount of the container comes from, as its bundle says: destination inside the
 * container.  Mounts that no bundle made were made by tasks. */
struct bundle_mount {
	const char *destination;
	const char *type; /* "bind" for every kind of bind */
};

/* Namespaces of a container as its bundle says: CLONE_NEW* made for it, and joined by path; the
 * names that it sets, NULL if none. */
struct bundle_namespaces {
	unsigned long made, joined;
	const char *hostname, *domainname;
};

enum fate_wish { STOP_AFTER, LEAVE_RUNNING, LEAVE_STOPPED };

/* What the caller may do on the way; a failure of it is a failure of the checkpoint. */
struct checkpoint_host {
	void *ctx;
	/* moment() - "pre-dump": before anything stands still; "network-lock": everything
	 * stands still; "post-dump": the image is there, the tasks still wait for their fate. */
	int (*moment)(void *ctx, const char *name, struct err *err);
};

struct checkpoint_request {
	const char *id; /* of the container */
	/* Whose tasks, sub-cgroups included, are the set.  NULL: a tree, init and all its
	 * descendants, in namespaces that are ours. */
	const struct cgroup_set *cgroup;
	pid_t init;      /* the container's first process, in our pid namespace */
	bool was_paused; /* frozen before the command came: stays frozen */
	struct bundle_namespaces namespaces;
	const struct bundle_mount *mount;
	size_t n_mounts;
	const char
		*stdio[3]; /* links of fds 0-2 given at creation ("pipe:[1]"), NULL: unknown */
	int image_dir;     /* O_DIRECTORY, exists; files are written below it */
	int work_dir;      /* statistics and the log go here */
	enum log_level log_level;
	struct log *log; /* the caller's; NULL: ENGINE_DUMP_LOG in work_dir */
	const struct checkpoint_host *host; /* NULL: nothing is asked */
	int state_dir; /* ENGINE_SAVED is kept here meanwhile, for recover() */
	enum fate_wish fate;
	bool tcp_established; /* connections to the outside are wanted as well */
	bool file_locks;
	bool ext_unix_sk;
	bool shell_job;
	bool link_remap;
};

#define ENGINE_DUMP_LOG "dump.log"
#define ENGINE_RESTORE_LOG "restore.log"

int checkpoint(const struct checkpoint_request *request, struct err *err);

/* What the engine asks of the caller while it restores, in this order. */
struct restore_host {
	void *ctx;
	/* nest() - make the container: namespaces, mounts, cgroup, hooks.  Its first process
	 * waits in pause(2) with every signal blocked, all capabilities, no seccomp filter.
	 * *init is the pid that the image has for it, and then the one it has here. */
	int (*nest)(void *ctx, pid_t *init, struct err *err);
	/* ready() - every task stands, none runs yet.  What it refuses undoes the restore. */
	int (*ready)(void *ctx, pid_t init, struct err *err);
	/* warn() - a sentence about something given up without failing; NULL: not wanted. */
	void (*warn)(void *ctx, const char *text);
};

struct restore_request {
	const char *id;
	const struct restore_host *host;
	/* Of the fresh bundle; exists once nest() returned.  NULL: the image is of a tree, which
	 * comes back into our own namespaces. */
	const struct cgroup_set *cgroup;
	int image_dir;
	int work_dir;
	enum log_level log_level;
	struct log *log;       /* the caller's; NULL: ENGINE_RESTORE_LOG in work_dir */
	int stdio[3];          /* what takes the place of the old stdio */
	uint64_t capabilities; /* bounding set of the bundle: no task gets more */
	struct bundle_namespaces namespaces;
	const struct bundle_mount *mount;
	size_t n_mounts;
	bool tcp_established;
	bool tcp_close;
	bool ext_unix_sk;
	bool shell_job;
};

int restore(const struct restore_request *request, struct err *err);

/* recover() - after a checkpoint of this cgroup was killed: give its tasks back their registers
 * and signal masks (from ENGINE_SAVED in state_dir), take planted code out, thaw the cgroup
 * unless it was paused.  Does nothing to a container that is all right.  cgroup NULL: of a
 * tree; what ENGINE_SAVED names. */
#define ENGINE_SAVED "checkpoint.saved"
int recover(const struct cgroup_set *cgroup, int state_dir, bool was_paused, struct err *err);

#endif
