/* namespaces.c - made, joined by path, or those of the container's init
 *
 * Made     clone3(2), Linux 5.3; CLONE_INTO_CGROUP 5.7; unshare(2) for cgroup and time.
 * Joined   setns(2) on a file, or on a pidfd for several at once (5.8).
 * Facts    setns(CLONE_NEWPID) concerns children only; the way back to one's own pid namespace
 *          is allowed.  A time namespace takes offsets until a task is in it.
 * Refused  no mount namespace at all: pivot_root would hit the host.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cgroup/cgroup.h"
#include "netns/netns.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/namespaces.h"
#include "runtime/container/procfs.h"
#include "runtime/container/sync.h"

/* What the caller enters for a moment, and the file of its own one to come back by. */
static const struct {
	unsigned long flag;
	const char *own;
} borrowed[] = {
	{CLONE_NEWNET, "self/ns/net"}, {CLONE_NEWIPC, "self/ns/ipc"},
	{CLONE_NEWUTS, "self/ns/uts"}, {CLONE_NEWCGROUP, "self/ns/cgroup"},
	{CLONE_NEWPID, "self/ns/pid"}, {CLONE_NEWTIME, "self/ns/time"},
};

enum { BORROWED = sizeof(borrowed) / sizeof(borrowed[0]) };

/* By clone3(2); cgroup and time come later. */
static const unsigned long by_clone =
	CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

static bool is_new(const struct oci_config *config, unsigned long flag)
{
	const struct oci_namespace *ns = oci_linux_namespace(&config->linux_, flag);

	return ns && !ns->path;
}

static const char *path_of(const struct oci_config *config, unsigned long flag)
{
	const struct oci_namespace *ns = oci_linux_namespace(&config->linux_, flag);

	return ns ? ns->path : NULL;
}

int namespaces_check(const struct init *init, struct err *err)
{
	const struct oci_linux *lin = &init->config->linux_;

	if (!oci_linux_namespace(lin, CLONE_NEWNS))
		return fail(err, -EINVAL,
			    "linux.namespaces: a container needs a mount namespace");
	if (is_new(init->config, CLONE_NEWUSER) &&
	    !(lin->uid_mappings.n && lin->gid_mappings.n))
		return fail(err, -EINVAL,
			    "linux.uidMappings: a new user namespace needs id mappings");
	return 0;
}

static int enter(const char *path, unsigned long flag, struct err *err)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, (int)flag) < 0)
		return fail_errno(err, "join the %s namespace %s", oci_namespace_name(flag),
				  path);
	return 0;
}

/* --- the moment of clone3(2) ------------------------------------------------------------ */

static int borrow_one(const struct init *init, size_t i, int *ret_own, struct err *err)
{
	unsigned long flag = borrowed[i].flag;
	const char *path = path_of(init->config, flag);
	bool exec = init->request->mode == SPAWN_EXEC;
	int r = 0;

	/* beside an init only its pid namespace must be entered before the clone */
	if (exec ? flag != CLONE_NEWPID || !oci_linux_namespace(&init->config->linux_, flag)
		 : !path)
		return 0;
	scoped_fd int own = openat(init->proc, borrowed[i].own, O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return fail_errno(err, "/proc/%s", borrowed[i].own);
	if (!exec)
		r = enter(path, flag, err);
	else if (setns(init->joined, CLONE_NEWPID) < 0)
		r = fail_errno(err, "join the pid namespace of task %d", init->request->join);
	if (!r)
		*ret_own = take_fd(&own);
	return r;
}

static int give_back(int own[BORROWED], struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < BORROWED; i++) {
		if (own[i] < 0)
			continue;
		if (setns(own[i], (int)borrowed[i].flag) < 0)
			r = fail_errno(err, "return to the caller's %s namespace",
				       oci_namespace_name(borrowed[i].flag));
		close(own[i]);
	}
	return r;
}

static int borrow(const struct init *init, int own[BORROWED], struct err *err)
{
	struct err unheard;
	int r = 0;

	for (size_t i = 0; i < BORROWED; i++)
		own[i] = -1;
	for (size_t i = 0; !r && i < BORROWED; i++)
		r = borrow_one(init, i, &own[i], err);
	if (r)
		give_back(own, &unheard);
	return r;
}

/* --- the clone --------------------------------------------------------------------------- */

static unsigned long clone_flags(const struct init *init)
{
	const struct oci_linux *lin = &init->config->linux_;
	unsigned long flags = 0;

	if (init->request->mode == SPAWN_EXEC)
		return 0;
	for (size_t i = 0; i < lin->n_namespaces; i++)
		if (!lin->namespaces[i].path)
			flags |= lin->namespaces[i].flag & by_clone;
	return flags;
}

static long clone_child(const struct init *init, unsigned long flags, int cgroup_dir,
			int *ret_pidfd)
{
	pid_t wanted = init->request->pid;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (wanted) {
		args.set_tid = (uint64_t)(uintptr_t)&wanted;
		args.set_tid_size = 1;
	}
	if (cgroup_dir >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_dir;
	}
	return syscall(SYS_clone3, &args, sizeof(args));
}

static int clone_failed(const struct init *init, struct err *err)
{
	pid_t wanted = init->request->pid;

	if (wanted && errno == EEXIST)
		return fail(err, -EEXIST, "pid %d is taken by another process", wanted);
	if (wanted)
		return fail_errno(err, "make a process with pid %d", wanted);
	return fail_errno(err, "clone3");
}

static int clone_plain(struct init *init, int sync, int cgroup_dir, pid_t *ret_pid,
		       int *ret_pidfd, struct err *err)
{
	int pidfd = -1;
	long pid = clone_child(init, clone_flags(init), cgroup_dir, &pidfd);

	if (pid < 0)
		return clone_failed(init, err);
	if (!pid) {
		close(sync);
		init_main(init);
	}
	*ret_pid = (pid_t)pid;
	*ret_pidfd = pidfd;
	return 0;
}

/* What the process of the moment leaves behind, in memory that it shares with the caller. */
struct birth {
	pid_t pid;
	struct err err;
};

/* In that process.  The child takes our parent for its own. */
static void clone_between(struct init *init, const char *path, int sync, int cgroup_dir,
			  struct birth *ret)
{
	int pidfd = -1;

	if (enter(path, CLONE_NEWUSER, &ret->err))
		return;
	long pid = clone_child(init, clone_flags(init) | CLONE_PARENT, cgroup_dir, &pidfd);
	if (!pid) {
		close(sync);
		init_main(init);
	}
	if (pid < 0)
		clone_failed(init, &ret->err);
	ret->pid = (pid_t)pid;
}

static int take_birth(const struct birth *birth, pid_t *ret_pid, int *ret_pidfd,
		      struct err *err)
{
	if (birth->err.code) {
		*err = birth->err;
		return err->code;
	}
	if (birth->pid <= 0)
		return fail(err, -ECHILD, "the process that joins the user namespace died");
	int pidfd = pidfd_open(birth->pid, 0); /* nobody but us reaps it */
	if (pidfd < 0)
		return fail_errno(err, "pidfd_open %d", birth->pid);
	*ret_pid = birth->pid;
	*ret_pidfd = pidfd;
	return 0;
}

static int clone_in_user_namespace(struct init *init, const char *path, int sync,
				   int cgroup_dir, pid_t *ret_pid, int *ret_pidfd,
				   struct err *err)
{
	struct birth *birth = mmap(NULL, sizeof(*birth), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = 0;

	if (birth == MAP_FAILED)
		return fail_errno(err, "mmap");
	pid_t between = fork();
	if (!between) {
		clone_between(init, path, sync, cgroup_dir, birth);
		_exit(0);
	}
	if (between < 0)
		r = fail_errno(err, "fork");
	else if (waitpid(between, NULL, 0) < 0)
		r = fail_errno(err, "wait for the process that joins the user namespace");
	else
		r = take_birth(birth, ret_pid, ret_pidfd, err);
	munmap(birth, sizeof(*birth));
	return r;
}

int namespaces_clone(struct init *init, int sync, int cgroup_dir, pid_t *ret_pid,
		     int *ret_pidfd, struct err *err)
{
	struct err lost;
	int own[BORROWED];
	pid_t pid = -1;
	int pidfd = -1;
	int r = borrow(init, own, err);

	if (r)
		return r;
	const char *user = path_of(init->config, CLONE_NEWUSER);
	if (init->request->mode != SPAWN_EXEC && user)
		r = clone_in_user_namespace(init, user, sync, cgroup_dir, &pid, &pidfd, err);
	else
		r = clone_plain(init, sync, cgroup_dir, &pid, &pidfd, err);
	if (give_back(own, &lost) < 0 && !r) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(pidfd);
		*err = lost;
		r = lost.code;
	}
	if (!r) {
		*ret_pid = pid;
		*ret_pidfd = pidfd;
	}
	return r;
}

static int write_map(int proc, pid_t pid, const char *file, const struct oci_id_maps *maps,
		     struct err *err)
{
	char path[40], text[4096];
	size_t at = 0;

	for (size_t i = 0; i < maps->n; i++) {
		const struct oci_id_map *map = &maps->item[i];
		int n = snprintf(text + at, sizeof(text) - at, "%u %u %u\n", map->container_id,
				 map->host_id, map->size);
		if (n < 0 || at + (size_t)n >= sizeof(text))
			return fail(err, -E2BIG, "%s: %zu mappings are too many", file,
				    maps->n);
		at += (size_t)n;
	}
	snprintf(path, sizeof(path), "%d/%s", pid, file);
	return procfs_write(proc, path, text, err);
}

bool namespaces_need_maps(const struct init *init)
{
	return init->request->mode != SPAWN_EXEC && is_new(init->config, CLONE_NEWUSER);
}

int namespaces_maps(const struct init *init, pid_t pid, struct err *err)
{
	const struct oci_linux *lin = &init->config->linux_;
	int r = write_map(init->proc, pid, "uid_map", &lin->uid_mappings, err);
	return r ? r : write_map(init->proc, pid, "gid_map", &lin->gid_mappings, err);
}

/* --- in the child ------------------------------------------------------------------------ */

/* While the host's hierarchies are still in sight, and before we are a user namespace's root. */
int namespaces_cgroup(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return init->request->cgroup ? cgroup_set_enter(init->request->cgroup, err) : 0;
}

int namespaces_settle(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const char *mnt = path_of(init->config, CLONE_NEWNS);
	int r = mnt ? enter(mnt, CLONE_NEWNS, err) : 0;

	if (!r && is_new(init->config, CLONE_NEWNET))
		r = netns_lo_up(err);
	return r;
}

static int write_offset(int proc, const char *clock, const struct oci_time_offset *offset,
			struct err *err)
{
	char line[64];

	if (!offset->set)
		return 0;
	snprintf(line, sizeof(line), "%s %lld %u", clock, (long long)offset->secs,
		 offset->nanosecs);
	return procfs_write(proc, "self/timens_offsets", line, err);
}

/* The caller of unshare(2) stays outside, its children would be in: enter by file. */
static int new_time_namespace(const struct init *init, struct err *err)
{
	const struct oci_linux *lin = &init->config->linux_;

	if (unshare(CLONE_NEWTIME) < 0)
		return fail_errno(err, "unshare the time namespace");
	int r = write_offset(init->proc, "monotonic", &lin->monotonic, err);
	if (!r)
		r = write_offset(init->proc, "boottime", &lin->boottime, err);
	if (r)
		return r;
	scoped_fd int fd =
		openat(init->proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return fail_errno(err, "enter the time namespace");
	return 0;
}

/* Born in a user namespace we still are who we were outside, which may open the host's files
 * (mounts_sources) but make none in there. */
static int become_root_of_user_namespace(struct err *err)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail_errno(err, "become root of the user namespace");
	return 0;
}

int namespaces_finish(void *ctx, struct err *err)
{
	struct init *init = ctx;
	int r = init->waits ? init_expect(init, SYNC_GO, err) : 0;

	if (!r && oci_linux_namespace(&init->config->linux_, CLONE_NEWUSER))
		r = become_root_of_user_namespace(err);
	if (!r && is_new(init->config, CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		r = fail_errno(err, "unshare the cgroup namespace");
	if (!r && is_new(init->config, CLONE_NEWTIME))
		r = new_time_namespace(init, err);
	return r;
}

int namespaces_join(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct oci_linux *lin = &init->config->linux_;
	unsigned long flags = 0;
	int r = init->waits ? init_expect(init, SYNC_GO, err) : 0;

	if (r)
		return r;
	for (size_t i = 0; i < lin->n_namespaces; i++)
		flags |= lin->namespaces[i].flag;
	if (setns(init->joined, (int)(flags & ~(unsigned long)CLONE_NEWPID)) < 0)
		return fail_errno(err, "join the namespaces of task %d", init->request->join);
	if (fchdir(init->join_root) < 0 || chroot(".") < 0)
		return fail_errno(err, "enter the root of task %d", init->request->join);
	if (flags & CLONE_NEWUSER)
		r = become_root_of_user_namespace(err);
	if (r)
		return r;
	return 0;
}
