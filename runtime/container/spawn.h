/* spawn.h - make a container's processes: its init, one more beside it, one to restore into
 *
 * SPAWN_CREATE   spawn() returns when the init has all its namespaces, cgroup, mounts, root and
 *                privileges and waits on the FIFO; spawn_start() lets it run startContainer
 *                hooks and execve(2).
 * SPAWN_EXEC     spawn() returns when execve(2) has happened in a process that joined the
 *                namespaces, root and cgroup of `join`.  Its parent is the caller, outside the
 *                container's pid namespace: inside its ppid is 0.
 * SPAWN_RESTORE  as SPAWN_CREATE up to where privileges would be dropped, startContainer hooks
 *                included; then the process sits in pause(2): root with all capabilities and no
 *                seccomp filter (uid 0 of the user namespace if there is one), one thread, all
 *                signals blocked, not dumpable, no descriptors but stdio and preserve_fds, cwd
 *                "/".  The engine takes it over by ptrace.
 *
 * All of them are direct children of the caller (no process is left in between), to be waited
 * for; when the caller ends they go to the nearest subreaper.  When spawn() fails, the child is
 * dead and reaped, and what it said is in err: also when it could not find or execute args[0]
 * (then with "executable file not found in $PATH", "no such file or directory" or "permission
 * denied" in the text, which engines look for).
 *
 * The caller must run where no container reaches its binary (selfclone.h).
 */
#ifndef CKRUN_CONTAINER_SPAWN_H
#define CKRUN_CONTAINER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "oci/config.h"

struct cgroup_set;
struct err;

enum spawn_mode { SPAWN_CREATE, SPAWN_EXEC, SPAWN_RESTORE };

/* What the caller does for spawn(); every member may be NULL. */
struct spawn_calls {
	/* Run the hooks of this kind.  prestart and createRuntime: in the caller, namespaces and
	 * mounts made, before pivot_root.  createContainer: likewise, but in the child.
	 * startContainer: in the child, in the container, right before execve(2).
	 * pid is the init's, as the caller's pid namespace numbers it.  The child is a fork:
	 * what it changes in memory is lost.  Called for kinds that have hooks only. */
	int (*hooks)(void *ctx, enum oci_hook_kind kind, pid_t pid, struct err *err);
	/* One line about something given up without failing (always in the caller). */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

struct spawn_request {
	enum spawn_mode mode;
	const struct oci_config *config;
	const struct oci_process *process; /* NULL: the config's own */
	const char *id;
	const char *bundle, *rootfs; /* absolute; not used by SPAWN_EXEC */
	int fifo;                    /* SPAWN_CREATE: O_PATH of the start FIFO, mode 0622 */
	int console_socket;          /* connected unix socket for the pty master; -1: none */
	int preserve_fds;            /* 3 .. 3 + n - 1 reach the process */
	bool no_pivot;               /* MS_MOVE and chroot(2): for a root on initramfs */
	bool no_new_keyring;         /* keep the caller's session keyring */
	pid_t join;                  /* SPAWN_EXEC: the container's init */
	pid_t pid;                   /* pid in the innermost namespace (set_tid); 0: any */
	const char *filters;         /* directory of compiled seccomp filters; NULL: none */
	struct cgroup_set *cgroup;   /* exists, limits set; NULL: stay in the caller's */
	struct spawn_calls calls;
};

struct spawned {
	pid_t pid; /* in the caller's pid namespace */
	int pidfd; /* O_CLOEXEC, the caller's to close */
};

int spawn(const struct spawn_request *request, struct spawned *ret, struct err *err);

/* spawn_start() - let a created init go on, and tell how that ended: 0 once execve(2) has
 * happened, else why it has not (the init is then gone or about to be).  fifo is the path in
 * the state directory `dir`; pidfd is the init's: -ESRCH if it is dead. */
int spawn_start(int dir, const char *fifo, int pidfd, struct err *err);

#endif
