/* init.c - the child's sequences
 *
 * Why this order: the loopback comes before hooks that set up networks; hooks of the runtime
 * see all mounts, the old root still around them (so runc runs them); the console needs the
 * container's devpts; whatever needs a capability stands before "user".  A seccomp filter needs
 * either no_new_privs or CAP_SYS_ADMIN: with the former it is loaded last, with the latter
 * before "user", and then it must let the rest through, as with runc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/phase.h"
#include "oci/hooks.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/container/init.h"
#include "runtime/container/procfs.h"
#include "runtime/container/sync.h"

static int hooks(struct init *init, enum oci_hook_kind kind, struct err *err)
{
	const struct spawn_calls *calls = &init->request->calls;
	pid_t pid = 0;

	if (!calls->hooks || !init->config->hooks[kind].n)
		return 0;
	pid = procfs_self(init->proc);
	if (pid < 0)
		return fail(err, pid, "own pid");
	return calls->hooks(calls->ctx, kind, pid, err);
}

/* From here on we go on without the caller - unless it is gone already. */
static int let_go(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	struct pollfd peer = {.fd = init->sync};

	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return fail_errno(err, "prctl");
	if (poll(&peer, 1, 0) > 0 && peer.revents & POLLHUP)
		return fail(err, -EPIPE, "the creating process is gone");
	return 0;
}

static int runtime_hooks(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct oci_hook_list *list = init->config->hooks;

	if (!init->request->calls.hooks ||
	    !(list[OCI_HOOK_PRESTART].n + list[OCI_HOOK_CREATE_RUNTIME].n))
		return 0;
	int r = sync_say(init->sync, SYNC_HOOKS, err);
	return r ? r : init_expect(init, SYNC_HOOKED, err);
}

static int create_container_hooks(void *ctx, struct err *err)
{
	return hooks(ctx, OCI_HOOK_CREATE_CONTAINER, err);
}

static int start_container_hooks(void *ctx, struct err *err)
{
	return hooks(ctx, OCI_HOOK_START_CONTAINER, err);
}

static int wait_for_start(void *ctx, struct err *err)
{
	struct init *init = ctx;
	int r = sync_say(init->sync, SYNC_READY, err);

	if (!r)
		/* blocks until somebody opens it for reading */
		r = procfs_reopen(init->proc, init->request->fifo, O_WRONLY, &init->start, err);
	return r;
}

/* The caller takes the closed socket for the end of our work: nothing is open by then. */
static int rest(void *ctx, struct err *err)
{
	struct init *init = ctx;
	unsigned int first = 3U + (unsigned int)init->request->preserve_fds;
	unsigned int sync = (unsigned int)init->sync;
	const uint64_t all = UINT64_MAX; /* the C library would leave out two of its own */

	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all)) < 0)
		return fail_errno(err, "block all signals");
	if (chdir("/") < 0)
		return fail_errno(err, "chdir /");
	if (first < sync)
		close_range(first, sync - 1, 0);
	close_range(sync + 1, ~0U, 0);
	int r = sync_say(init->sync, SYNC_READY, err);
	if (r)
		return r;
	close(init->sync);
	for (;;)
		pause();
}

static const struct phase create_steps[] = {
	{"begin", process_begin, NULL},
	{"join-cgroup", namespaces_cgroup, NULL},
	{"namespaces", namespaces_settle, NULL},
	{"rootfs", rootfs_prepare, NULL},
	{"sources", mounts_sources, NULL},
	{"own-namespaces", namespaces_finish, NULL},
	{"keyring", keyring_join, NULL},
	{"mounts", mounts_make, NULL},
	{"devices", devices_make, NULL},
	{"make-cwd", process_cwd_make, NULL},
	{"runtime-hooks", runtime_hooks, NULL},
	{"createContainer-hooks", create_container_hooks, NULL},
	{"pivot", rootfs_pivot, NULL},
	{"console", console_make, NULL},
	{"read-only", rootfs_finish, NULL},
	{"sysctl", sysctl_write, NULL},
	{"mask", masks_make, NULL},
	{"environment", process_environment, NULL},
	{"attributes", process_attributes, NULL},
	{"rlimits", rlimits_set, NULL},
	{"label", lsm_label, NULL},
	{"seccomp", seccomp_early, NULL},
	{"user", user_become, NULL},
	{"cwd", process_cwd, NULL},
	{"find", process_find, NULL},
	{"let-go", let_go, NULL},
	{"wait", wait_for_start, NULL},
	{"startContainer-hooks", start_container_hooks, NULL},
	{"seccomp", seccomp_late, NULL},
	{"exec", process_execute, NULL},
};

static const struct phase restore_steps[] = {
	{"begin", process_begin, NULL},
	{"join-cgroup", namespaces_cgroup, NULL},
	{"namespaces", namespaces_settle, NULL},
	{"rootfs", rootfs_prepare, NULL},
	{"sources", mounts_sources, NULL},
	{"own-namespaces", namespaces_finish, NULL},
	{"keyring", keyring_join, NULL},
	{"mounts", mounts_make, NULL},
	{"devices", devices_make, NULL},
	{"make-cwd", process_cwd_make, NULL},
	{"runtime-hooks", runtime_hooks, NULL},
	{"createContainer-hooks", create_container_hooks, NULL},
	{"pivot", rootfs_pivot, NULL},
	{"console", console_make, NULL},
	{"read-only", rootfs_finish, NULL},
	{"sysctl", sysctl_write, NULL},
	{"mask", masks_make, NULL},
	{"startContainer-hooks", start_container_hooks, NULL},
	{"let-go", let_go, NULL},
	{"rest", rest, NULL},
};

static const struct phase exec_steps[] = {
	{"begin", process_begin, NULL},
	{"join-cgroup", namespaces_cgroup, NULL},
	{"namespaces", namespaces_join, NULL},
	{"keyring", keyring_join, NULL},
	{"console", console_make, NULL},
	{"environment", process_environment, NULL},
	{"attributes", process_attributes, NULL},
	{"rlimits", rlimits_set, NULL},
	{"label", lsm_label, NULL},
	{"seccomp", seccomp_early, NULL},
	{"user", user_become, NULL},
	{"cwd", process_cwd, NULL},
	{"find", process_find, NULL},
	{"let-go", let_go, NULL},
	{"seccomp", seccomp_late, NULL},
	{"exec", process_execute, NULL},
};

#define STEPS(table)                                      \
	{                                                 \
		table, sizeof(table) / sizeof((table)[0]) \
	}

static const struct {
	const struct phase *step;
	size_t n;
} sequence[] = {
	[SPAWN_CREATE] = STEPS(create_steps),
	[SPAWN_EXEC] = STEPS(exec_steps),
	[SPAWN_RESTORE] = STEPS(restore_steps),
};

int init_expect(struct init *init, int kind, struct err *err)
{
	struct sync_message message = {0};

	for (;;) {
		void *filter = NULL;
		size_t size = 0;
		int r = sync_receive(init->sync, &message, &filter, &size, err);
		if (r < 0)
			return r;
		if (!r)
			return fail(err, -EPIPE, "the creating process is gone");
		if (filter) {
			init->filter = filter;
			init->filter_size = size;
		}
		if ((int)message.kind == kind)
			return 0;
	}
}

void init_warn(struct init *init, const struct err *w)
{
	struct sync_message message = {.kind = SYNC_WARN, .err = *w};
	struct err unheard;

	sync_send(init->sync, &message, &unheard);
}

/* The caller of `start` waits at the FIFO; before that, the maker of the process listens. */
static void report(struct init *init, const struct err *err)
{
	struct sync_message message = {.kind = SYNC_FAILED, .err = *err};
	struct err unheard;

	if (init->start >= 0) {
		signal(SIGPIPE, SIG_IGN);
		ssize_t n = write(init->start, err, sizeof(*err));
		(void)n; /* nobody is left to be told */
	} else {
		sync_send(init->sync, &message, &unheard);
	}
}

void init_main(struct init *init)
{
	enum spawn_mode mode = init->request->mode;
	struct err err = {0};

	init->arena = arena_new();
	if (!init->arena)
		fail(&err, -ENOMEM, "out of memory");
	else
		phases_run(&(const struct sequence){.phase = sequence[mode].step,
						    .n = sequence[mode].n,
						    .done = FATE_DIE,
						    .failed = FATE_DIE},
			   init, &err);
	report(init, &err);
	_exit(EXIT_FAILURE);
}
