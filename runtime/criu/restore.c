/* restore.c - a tree comes back from its image, into our own namespaces */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/carry.h"
#include "runtime/criu/code.h"
#include "runtime/criu/rpc.h"

enum { TEXT_MAX = ERR_FRAMES * (ERR_FRAME_MAX + 2) + ERR_ALSO_MAX + 512, CAPS_MAX = 63 };

struct coming {
	const struct carry *carry;
	struct log *log;
	pid_t first; /* 0: not made yet */
};

static int notify(const struct coming *c, const char *script, struct err *err)
{
	return c->carry->notify < 0 ? 0 : rpc_notify(c->carry->notify, script, c->first, err);
}

/* The child of clone3(2) waits with all signals blocked until it is somebody else. */
static pid_t spawn(pid_t wanted, bool sibling, struct err *err)
{
	uint64_t all = UINT64_MAX, was;
	struct clone_args args = {
		.flags = sibling ? CLONE_PARENT : 0,
		.exit_signal = sibling ? 0 : SIGCHLD, /* a sibling has its maker's */
		.set_tid = (uint64_t)(uintptr_t)&wanted,
		.set_tid_size = 1,
	};

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &was, sizeof(all));
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		for (;;)
			pause();
	int saved = errno;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &was, NULL, sizeof(was));
	errno = saved;
	return pid < 0 ? fail_errno(err, "make a process with pid %d", wanted) : (pid_t)pid;
}

static int nest(void *ctx, pid_t *init, struct err *err)
{
	struct coming *c = ctx;

	int r = notify(c, "pre-restore", err);
	pid_t pid = r < 0 ? r : spawn(*init, c->carry->sibling, err);
	if (pid < 0)
		return pid;
	c->first = *init = pid;
	r = notify(c, "setup-namespaces", err);
	return r < 0 ? r : notify(c, "post-setup-namespaces", err);
}

static int write_pid_file(const struct carry *carry, pid_t pid, struct err *err)
{
	char text[16];

	int n = snprintf(text, sizeof(text), "%d", pid);
	if (!carry->pid_file)
		return 0;
	scoped_fd int fd = openat(carry->work_dir, carry->pid_file,
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return fail_errno(err, "pid file %s", carry->pid_file);
	return 0;
}

static int ready(void *ctx, pid_t init, struct err *err)
{
	static const char *const scripts[] = {"post-restore", "network-unlock", "pre-resume"};
	struct coming *c = ctx;

	int r = write_pid_file(c->carry, init, err);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]) && r >= 0; i++)
		r = notify(c, scripts[i], err);
	return r;
}

static void warn(void *ctx, const char *text)
{
	const struct coming *c = ctx;

	log_line(c->log, LOG_WARN, "criu", "%s", text);
}

static uint64_t bounding_set(void)
{
	uint64_t caps = 0;

	for (unsigned int i = 0; i <= CAPS_MAX; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			caps |= 1ULL << i;
	return caps;
}

static int run_engine(struct coming *c, struct err *err)
{
	const struct carry *carry = c->carry;
	const struct restore_host host = {.ctx = c, .nest = nest, .ready = ready, .warn = warn};
	const struct restore_request request = {
		.id = "criu",
		.host = &host,
		.image_dir = carry->images_dir,
		.work_dir = carry->work_dir,
		.log = c->log,
		.stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO},
		.capabilities = bounding_set(),
		.tcp_established = carry->tcp_established,
		.tcp_close = carry->tcp_close,
		.ext_unix_sk = carry->ext_unix_sk,
		.shell_job = carry->shell_job,
	};

	warn(c,
	     "the tasks come into the cgroups of the caller: which ones they had is not kept");
	int r = restore(&request, err);
	if (r >= 0 || c->first <= 0)
		return r;
	/* what nest() made is ours to end */
	kill(c->first, SIGKILL);
	while (!carry->sibling && waitpid(c->first, NULL, __WALL) < 0 && errno == EINTR)
		;
	return r;
}

int carry_restore(const struct carry *carry, pid_t *ret, struct err *err)
{
	char text[TEXT_MAX];
	scoped(log_close) struct log *log =
		carry->log_file ? log_open(carry->work_dir, carry->log_file, carry->log_level)
				: NULL;
	struct coming c = {.carry = carry, .log = log};

	int r = run_engine(&c, err);
	if (r >= 0)
		r = notify(&c, "post-resume", err);
	if (r < 0)
		log_line(log, LOG_ERROR, "criu", "Error: restore: %s",
			 criu_code_message(err, text, sizeof(text)));
	else
		*ret = c.first;
	return r;
}
