/* process.c - what a process is born with, and the way to its program
 *
 * The working directory is checked after it was entered: a descriptor leaked from the host and
 * named by /proc/self/fd/N would lead out of the root, and getcwd(2) then answers with
 * "(unreachable)" (CVE-2024-21626).
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/sync.h"

/* The C library refuses to touch two signals of its own, which somebody above may have ignored. */
static void forget_ignored_signals(void)
{
	const struct { /* as the kernel has it, 8 bytes of mask at the end */
		uint64_t handler, flags, restorer, mask;
	} by_default = {0};

	for (int s = 1; s < NSIG; s++) /* EINVAL for SIGKILL, SIGSTOP */
		syscall(SYS_rt_sigaction, s, &by_default, NULL, sizeof(by_default.mask));
}

/* Ignored signals and the mask would survive execve(2).  Not dumpable: what shares our pid
 * namespace must not read our memory or open our descriptors. */
int process_begin(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	unsigned int first = 3U + (unsigned int)init->request->preserve_fds;
	sigset_t none;

	forget_ignored_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail_errno(err, "prctl");
	if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return fail_errno(err, "close_range");
	if (setsid() < 0)
		return fail_errno(err, "setsid");
	return 0;
}

static int set_scheduler(const struct oci_scheduler *scheduler, struct err *err)
{
	const struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = scheduler->policy,
		.sched_flags = scheduler->flags,
		.sched_nice = scheduler->nice,
		.sched_priority = (uint32_t)scheduler->priority,
		.sched_runtime = scheduler->runtime,
		.sched_deadline = scheduler->deadline,
		.sched_period = scheduler->period,
	};

	if (scheduler->set && syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return fail_errno(err, "process.scheduler");
	return 0;
}

int process_attributes(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct oci_process *process = init->process;
	const struct oci_io_priority *io = &process->io_priority;
	const struct oci_opt_u64 *persona = &init->config->linux_.personality;
	int r = set_scheduler(&process->scheduler, err);

	if (r)
		return r;
	if (io->set && syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			       IOPRIO_PRIO_VALUE(io->klass, io->priority)) < 0)
		return fail_errno(err, "process.ioPriority");
	if (persona->set && personality(persona->value) < 0)
		return fail_errno(err, "linux.personality");
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(err, "process.noNewPrivileges");
	return 0;
}

/* --- environment ------------------------------------------------------------------------- */

static const char *value_of(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

/* "name:password:uid:gid:text:home:shell"; home is cut out of line. */
static const char *home_in(char *line, uid_t uid)
{
	char *field[6] = {0};
	char *rest = line;

	for (size_t i = 0; i < 6; i++)
		field[i] = strsep(&rest, ":");
	if (!field[5] || !*field[5] || !*field[2])
		return NULL;
	char *end;
	unsigned long value = strtoul(field[2], &end, 10);
	return *end || value != uid ? NULL : field[5];
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* An image may have anything as /etc/passwd: only a regular file is read. */
static const char *home_of(struct init *init, uid_t uid)
{
	int fd = inroot_try(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK, INROOT_FOLLOW);
	scoped(close_file) FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct stat st;
	char line[1024];

	if (!file || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "/";
	while (fgets(line, sizeof(line), file)) {
		const char *home = home_in(line, uid);
		if (home)
			return arena_strdup(init->arena, home);
	}
	return "/";
}

int process_environment(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct oci_strings *given = &init->process->env;

	init->env = arena_alloc(init->arena, (given->n + 2) * sizeof(*init->env));
	if (!init->env)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < given->n; i++)
		init->env[i] = given->item[i];
	if (value_of(init->env, "HOME"))
		return 0;
	const char *home = home_of(init, init->process->user.uid);
	init->env[given->n] = arena_printf(init->arena, "HOME=%s", home ? home : "/");
	return init->env[given->n] ? 0 : fail(err, -ENOMEM, "out of memory");
}

/* --- working directory ------------------------------------------------------------------- */

int process_cwd_make(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	scoped_fd int fd = -1;

	if (inroot_make(init->root, init->process->cwd, S_IFDIR, &fd, err))
		return fail_in(err, "process.cwd");
	return 0;
}

static void forget(int *fd)
{
	scope_close(fd);
	*fd = -1;
}

int process_cwd(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const char *cwd = init->process->cwd;
	char path[PATH_MAX];

	/* so that /proc/self/fd has no directories of ours to go to */
	forget(&init->root);
	forget(&init->dev);
	forget(&init->join_root);
	if (chdir(cwd) < 0)
		return fail_errno(err, "process.cwd %s", cwd);
	long n = syscall(SYS_getcwd, path, sizeof(path));
	if (n < 0)
		return fail_errno(err, "process.cwd %s", cwd);
	if (path[0] != '/')
		return fail(err, -EPERM, "process.cwd %s is outside of the container's root",
			    cwd);
	return 0;
}

/* --- program ----------------------------------------------------------------------------- */

/* Engines look for the kernel's reason in small letters. */
static int fail_exec(const struct init *init, int code, struct err *err)
{
	const char *why = strerrordesc_np(code);
	char text[80];

	snprintf(text, sizeof(text), "%s", why ? why : "unknown error");
	if (text[0] >= 'A' && text[0] <= 'Z')
		text[0] = (char)(text[0] - 'A' + 'a');
	return fail(err, -code, "exec: \"%.60s\": %s", init->process->args.item[0], text);
}

/* 0, or a positive errno. */
static int is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return EACCES;
	return 0;
}

static int find_in_path(struct init *init, const char *name, struct err *err)
{
	const char *dirs = value_of(init->env, "PATH");

	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");
		char *path = arena_printf(init->arena, "%.*s/%s", len ? (int)len : 1,
					  len ? dirs : ".", name);
		if (!path)
			return fail(err, -ENOMEM, "out of memory");
		if (!is_program(path)) {
			init->program = path;
			return 0;
		}
		dirs += len + (dirs[len] == ':');
	}
	return fail(err, -ENOENT, "exec: \"%.60s\": executable file not found in $PATH", name);
}

int process_find(void *ctx, struct err *err)
{
	struct init *init = ctx;
	char *name = init->process->args.n ? init->process->args.item[0] : NULL;

	if (!name || !*name)
		return fail(err, -EINVAL, "process.args is empty");
	if (!strchr(name, '/'))
		return find_in_path(init, name, err);
	int code = is_program(name);
	if (code)
		return fail_exec(init, code, err);
	init->program = name;
	return 0;
}

/* What is said here is followed by the end of the descriptor, or by an error.  A starter that
 * is gone does not keep the program from running. */
static int announce(struct init *init, struct err *err)
{
	if (init->start < 0)
		return sync_say(init->sync, SYNC_EXECUTING, err);
	signal(SIGPIPE, SIG_IGN);
	ssize_t n = write(init->start, "", 1);
	signal(SIGPIPE, SIG_DFL);
	if (n < 0 && errno != EPIPE)
		return fail_errno(err, "tell the starter");
	return 0;
}

int process_execute(void *ctx, struct err *err)
{
	struct init *init = ctx;
	int r = announce(init, err);

	if (r)
		return r;
	execve(init->program, init->process->args.item, init->env);
	return fail_exec(init, errno, err);
}
