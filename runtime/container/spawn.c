/* spawn.c - the parent's side: clone, place, listen
 *
 * The child is born in its v2 cgroup and enters those of v1 by itself, which is the fast way
 * (cgroup_set_enter()).  While it makes its mounts, the parent writes its id maps and compiles
 * the seccomp filter; the child stops only where it needs one of them.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "cgroup/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/filter.h"
#include "runtime/container/init.h"
#include "runtime/container/namespaces.h"
#include "runtime/container/procfs.h"
#include "runtime/container/sync.h"

static void warn(const struct spawn_request *request, const struct err *w)
{
	char text[ERR_FRAMES * ERR_FRAME_MAX];

	if (request->calls.warn)
		request->calls.warn(request->calls.ctx, err_text(w, text, sizeof(text)));
}

/* --- before the clone -------------------------------------------------------------------- */

static int open_joined(struct init *init, struct err *err)
{
	pid_t pid = init->request->join;
	char path[32];

	init->joined = pidfd_open(pid, 0);
	if (init->joined < 0)
		return fail_errno(err, "the container's init, task %d", pid);
	snprintf(path, sizeof(path), "%d/root", pid);
	init->join_root = openat(init->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (init->join_root < 0)
		return fail_errno(err, "/proc/%s", path);
	/* the number was still its own when its root was opened */
	if (pidfd_send_signal(init->joined, 0, NULL, 0) < 0)
		return fail_errno(err, "the container's init, task %d", pid);
	return 0;
}

/* The v2 cgroup, if there is one; the child enters those of v1 by itself. */
static int open_cgroup(const struct spawn_request *request, int *ret_dir, struct err *err)
{
	const char *path = request->cgroup ? cgroup_set_path(request->cgroup, "") : NULL;
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (path && fd < 0)
		return fail_errno(err, "cgroup %s", path);
	*ret_dir = fd;
	return 0;
}

static int prepare(struct init *init, int *ret_cgroup, struct err *err)
{
	const struct spawn_request *request = init->request;
	int r = procfs_open(&init->proc, err);

	if (!r && !request->process && !request->config->has_process)
		r = fail(err, -EINVAL, "config.json has no process");
	if (!r)
		r = request->mode == SPAWN_EXEC ? open_joined(init, err)
						: namespaces_check(init, err);
	return r ? r : open_cgroup(request, ret_cgroup, err);
}

/* --- after the clone --------------------------------------------------------------------- */

/* Lowering the score takes CAP_SYS_RESOURCE; the container runs without just as well. */
static int score(const struct init *init, pid_t pid, struct err *err)
{
	const struct oci_opt_i64 *adj = &init->process->oom_score_adj;
	char path[40], text[24];

	if (!adj->set)
		return 0;
	snprintf(path, sizeof(path), "%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%lld", (long long)adj->value);
	int r = procfs_write(init->proc, path, text, err);
	if (r != -EACCES && r != -EPERM)
		return r;
	fail_in(err, "process.oomScoreAdj %s is not in force", text);
	warn(init->request, err);
	return 0;
}

static int send_filter(const struct init *init, int sync, struct err *err)
{
	const struct oci_seccomp *seccomp = &init->config->linux_.seccomp;
	scoped_free void *program = NULL;
	size_t size = 0;

	if (init->request->mode == SPAWN_RESTORE || !seccomp->set)
		return 0;
	int r = filter_get(init->request->filters, seccomp, &program, &size, err);
	return r ? r : sync_send_filter(sync, program, size, err);
}

static int place(const struct init *init, int sync, pid_t pid, struct err *err)
{
	int r = namespaces_need_maps(init) ? namespaces_maps(init, pid, err) : 0;

	if (!r)
		r = score(init, pid, err);
	if (!r && init->waits)
		r = sync_say(sync, SYNC_GO, err);
	return r ? r : send_filter(init, sync, err);
}

static int run_hooks(const struct spawn_request *request, int sync, pid_t pid, struct err *err)
{
	const struct spawn_calls *calls = &request->calls;
	int r = 0;

	for (enum oci_hook_kind kind = OCI_HOOK_PRESTART; kind <= OCI_HOOK_CREATE_RUNTIME;
	     kind++)
		if (!r && request->config->hooks[kind].n)
			r = calls->hooks(calls->ctx, kind, pid, err);
	return r ? r : sync_say(sync, SYNC_HOOKED, err);
}

static int died_early(pid_t pid, struct err *err)
{
	siginfo_t info = {0};

	/* WNOWAIT: spawn() reaps */
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	if (info.si_code == CLD_EXITED)
		return fail(err, -ECHILD, "the new process ended with status %d",
			    info.si_status);
	return fail(err, -ECHILD, "the new process was killed by signal %d (SIG%s)",
		    info.si_status, sigabbrev_np(info.si_status));
}

static int listen_to(const struct spawn_request *request, int sync, pid_t pid, struct err *err)
{
	bool done = false;

	for (;;) {
		struct sync_message message = {0};
		int r = sync_receive(sync, &message, NULL, NULL, err);

		if (r < 0)
			return r;
		if (!r)
			return done ? 0 : died_early(pid, err);
		if (message.kind == SYNC_WARN)
			warn(request, &message.err);
		if (message.kind == SYNC_FAILED) {
			*err = message.err;
			return err->code;
		}
		if (message.kind == SYNC_HOOKS && run_hooks(request, sync, pid, err) < 0)
			return err->code;
		if (message.kind == SYNC_READY && request->mode == SPAWN_CREATE)
			return 0;
		done = done || message.kind == SYNC_READY || message.kind == SYNC_EXECUTING;
	}
}

static int raise_child(struct init *init, const int pair[2], int cgroup, struct spawned *ret,
		       struct err *err)
{
	pid_t pid = -1;
	int pidfd = -1;
	int r = namespaces_clone(init, pair[0], cgroup, &pid, &pidfd, err);

	close(pair[1]);
	if (r)
		return r;
	r = place(init, pair[0], pid, err);
	/* when both have something to say, the child's failure came first */
	if (!r)
		r = listen_to(init->request, pair[0], pid, err);
	if (!r) {
		*ret = (struct spawned){pid, pidfd};
		return 0;
	}
	pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	waitpid(pid, NULL, 0);
	close(pidfd);
	return r;
}

int spawn(const struct spawn_request *request, struct spawned *ret, struct err *err)
{
	struct init init = {
		.request = request,
		.config = request->config,
		.process = request->process ? request->process : &request->config->process,
		.proc = -1,
		.joined = -1,
		.join_root = -1,
		.root = -1,
		.dev = -1,
		.start = -1,
	};
	scoped_fd int cgroup = -1;
	int pair[2];
	int r = prepare(&init, &cgroup, err);

	if (!r)
		r = sync_pair(pair, err);
	if (!r) {
		init.sync = pair[1];
		init.waits = namespaces_need_maps(&init) ||
			     (request->mode == SPAWN_EXEC && init.process->oom_score_adj.set);
		r = raise_child(&init, pair, cgroup, ret, err);
		close(pair[0]);
	}
	scope_close(&init.proc);
	scope_close(&init.joined);
	scope_close(&init.join_root);
	return r;
}

/* --- start ------------------------------------------------------------------------------- */

/* More of what the init says; 0 at its end. */
static ssize_t read_more(int fifo, char *buf, size_t size)
{
	struct pollfd ready = {.fd = fifo, .events = POLLIN};
	ssize_t n;

	do {
		poll(&ready, 1, -1);
		n = read(fifo, buf, size);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

/* The init says one byte right before execve(2), which closes the FIFO; else a struct err. */
static int read_answer(int fifo, struct err *err)
{
	char said[1 + sizeof(struct err)];
	size_t n = 0;

	for (ssize_t more = 1; more > 0 && n < sizeof(said); n += (size_t)more) {
		more = read_more(fifo, said + n, sizeof(said) - n);
		if (more < 0)
			return fail_errno(err, "read the start FIFO");
	}
	if (n == 1)
		return 0;
	if (n < sizeof(struct err))
		return fail(err, -ESRCH, "the init died before it executed its program");
	memcpy(err, said + (n - sizeof(struct err)), sizeof(struct err));
	return err->code;
}

int spawn_start(int dir, const char *fifo, int pidfd, struct err *err)
{
	/* does not wait for the writer; poll(2) reports no hang-up before there was one */
	scoped_fd int fd = openat(dir, fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd both[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = pidfd, .events = POLLIN},
	};

	if (fd < 0)
		return fail_errno(err, "the start FIFO");
	while (poll(both, 2, -1) < 0)
		if (errno != EINTR)
			return fail_errno(err, "poll");
	if (!both[0].revents)
		return fail(err, -ESRCH, "the init is dead");
	return read_answer(fd, err);
}
