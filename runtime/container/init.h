/* init.h - what a process of a container knows while it makes itself, and the steps it takes
 *
 * The tables in init.c put the steps in order; each step is a function of the file it is listed
 * under.  Steps run in the child, in one thread, and may keep what they opened: execve(2) and
 * close_range(2) take it away.
 */
#ifndef CKRUN_CONTAINER_INIT_H
#define CKRUN_CONTAINER_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "runtime/container/spawn.h"

struct arena;

struct init {
	const struct spawn_request *request;
	const struct oci_config *config;
	const struct oci_process *process;
	struct arena *arena;
	int sync;      /* to the other side (sync.h) */
	int proc;      /* procfs of the caller (procfs.h) */
	int joined;    /* SPAWN_EXEC: pidfd of the container's init */
	int join_root; /* SPAWN_EXEC: its root */
	bool waits;    /* GO will come */

	int root;      /* O_PATH: the container's root */
	int dev;       /* O_PATH: its /dev, as it was when it was filled */
	int *sources;  /* a detached mount for every bind of config->mounts, else -1 */
	int start;     /* the FIFO, once it has been opened for writing; else -1 */
	char *program; /* what args[0] was found to be */
	char **env;
	void *filter; /* the seccomp program, filter_size bytes */
	size_t filter_size;
};

/* init_main() - the child's way from clone3(2) to execve(2) or pause(2). */
void init_main(struct init *init) __attribute__((noreturn));

/* init_expect() - wait for a message of the parent; a FILTER before it is kept. */
int init_expect(struct init *init, int kind, struct err *err);

/* init_warn() - tell the user through the parent; w is how it would read as a failure. */
void init_warn(struct init *init, const struct err *w);

/* A step's ctx is the struct init.  -- namespaces.c */
int namespaces_join(void *ctx, struct err *err);   /* SPAWN_EXEC: those of the init */
int namespaces_settle(void *ctx, struct err *err); /* mount by path; loopback up */
int namespaces_cgroup(void *ctx, struct err *err); /* the cgroup that they show as theirs */
int namespaces_finish(void *ctx, struct err *err); /* user, cgroup, time */
/* -- rootfs.c */
int rootfs_prepare(void *ctx,
		   struct err *err); /* propagation, the root as a mount of its own */
int rootfs_pivot(void *ctx, struct err *err);
int rootfs_finish(void *ctx, struct err *err); /* read-only where asked */
/* -- mounts.c, devices.c, console.c, masks.c, sysctl.c */
int mounts_sources(void *ctx, struct err *err); /* detached clones of what is to be bound */
int mounts_make(void *ctx, struct err *err);
int devices_make(void *ctx, struct err *err);
int console_make(void *ctx, struct err *err);
int masks_make(void *ctx, struct err *err);
int sysctl_write(void *ctx, struct err *err); /* host name, domain name, sysctls */
/* -- keyring.c, rlimits.c, lsm.c, seccomp.c, user.c */
int keyring_join(void *ctx, struct err *err);
int rlimits_set(void *ctx, struct err *err);
int lsm_label(void *ctx, struct err *err);
int seccomp_early(void *ctx, struct err *err); /* without no_new_privs: needs CAP_SYS_ADMIN */
int seccomp_late(void *ctx, struct err *err);
int user_become(void *ctx, struct err *err);
/* -- process.c */
int process_begin(void *ctx, struct err *err); /* session, signals, dies with the caller */
int process_attributes(void *ctx, struct err *err);
int process_cwd_make(void *ctx, struct err *err);
int process_environment(void *ctx, struct err *err);
int process_cwd(void *ctx, struct err *err);
int process_find(void *ctx, struct err *err);
int process_execute(void *ctx, struct err *err);

#endif
