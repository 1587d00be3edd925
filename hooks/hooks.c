#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "hooks/hooks.h"
#include "hooks/tail.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* One hook while it runs. */
struct running {
	pid_t pid;
	int pidfd;
	int out, err;     /* read ends of its stdout and stderr */
	struct tail tail; /* of stderr */
};

static void running_close(struct running *run)
{
	scope_close(&run->pidfd);
	scope_close(&run->out);
	scope_close(&run->err);
}

static int state_file(const char *state, int *ret_fd, struct err *err)
{
	scoped_fd int fd = memfd_create("state", MFD_CLOEXEC);
	size_t len = strlen(state);

	if (fd < 0)
		return fail_errno(err, "memfd_create");
	if (write(fd, state, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		return fail_errno(err, "write the state");
	*ret_fd = take_fd(&fd);
	return 0;
}

struct child_end {
	int in, out, err;
	int failed; /* gets errno if execve(2) was not reached; closed by it */
};

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors 0, 1 and 2 may be any of ours: copies above them first. */
static int take_stdio(const struct child_end *end)
{
	int in = fcntl(end->in, F_DUPFD_CLOEXEC, 3), out = fcntl(end->out, F_DUPFD_CLOEXEC, 3);
	int err = fcntl(end->err, F_DUPFD_CLOEXEC, 3);

	return in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
			       dup2(err, 2) < 0
		       ? -1
		       : 0;
}

static _Noreturn void become(const struct oci_hook *hook, const char *dir,
			     struct child_end *end)
{
	char *only_path[] = {hook->path, NULL}, *no_env[] = {NULL};

	if (end->failed < 3)
		end->failed = fcntl(end->failed, F_DUPFD_CLOEXEC, 3);
	/* a hook does not outlive a ckrun that is killed while it waits for it */
	if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    take_stdio(end) == 0 && (!dir || chdir(dir) == 0) &&
	    syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0) {
		default_signals();
		execve(hook->path, hook->args.item ? hook->args.item : only_path,
		       hook->env.item ? hook->env.item : no_env);
	}
	int why = errno;
	if (write(end->failed, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

static int make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe");
	*ret_read = fd[0];
	*ret_write = fd[1];
	return 0;
}

/* begin() - returns when the hook executes its program, or why it does not */
static int begin(const struct oci_hook *hook, const struct hooks_request *request,
		 struct running *run, struct err *err)
{
	scoped_fd int in = -1, out = -1, errors = -1, failed = -1, failed_read = -1;
	int why;

	if (state_file(request->state, &in, err) < 0 || make_pipe(&run->out, &out, err) < 0 ||
	    make_pipe(&run->err, &errors, err) < 0 || make_pipe(&failed_read, &failed, err) < 0)
		return err->code;
	run->pid = fork();
	if (run->pid == 0)
		become(hook, request->dir, &(struct child_end){in, out, errors, failed});
	if (run->pid < 0)
		return fail_errno(err, "fork");
	close(take_fd(&failed));
	if (read(failed_read, &why, sizeof(why)) == sizeof(why)) {
		waitpid(run->pid, NULL, 0);
		errno = why;
		return fail_errno(err, "execute");
	}
	run->pidfd = pidfd_open(run->pid, 0);
	if (run->pidfd < 0) {
		fail_errno(err, "pidfd_open");
		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		return err->code;
	}
	return 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* take() - what the pipe holds now; false once nothing more can come */
static bool take(int fd, struct tail *tail)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0 && tail)
		tail_add(tail, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What was still in the pipe when the hook ended.  Not until end of file: a daemon that the
 * hook left behind may keep the pipe for ever. */
static void drain(struct running *run)
{
	struct pollfd fd = {.fd = run->err, .events = POLLIN};

	while (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) && take(run->err, &run->tail))
		;
}

/* attend() - until the hook has ended (0) or its time is over (-ETIMEDOUT) */
static int attend(struct running *run, long deadline_ms)
{
	struct pollfd fd[] = {
		{run->pidfd, POLLIN, 0}, {run->out, POLLIN, 0}, {run->err, POLLIN, 0}};

	for (;;) {
		long left = deadline_ms ? deadline_ms - now_ms() : -1;

		if (deadline_ms && left <= 0)
			return -ETIMEDOUT;
		if (poll(fd, 3, (int)(left > 60000 ? 60000 : left)) < 0 && errno != EINTR)
			return -errno;
		if (fd[1].revents && !take(run->out, NULL))
			fd[1].fd = -1;
		if (fd[2].revents && !take(run->err, &run->tail))
			fd[2].fd = -1;
		if (fd[0].revents)
			return 0;
	}
}

static int judge(int status, const struct tail *tail, struct err *err)
{
	const char *last = tail_line(tail), *colon = *last ? ": " : "";

	if (WIFSIGNALED(status))
		return fail(err, -ECANCELED, "killed by SIG%s%s%s",
			    sigabbrev_np(WTERMSIG(status)), colon, last);
	if (WEXITSTATUS(status))
		return fail(err, -ECANCELED, "exit status %d%s%s", WEXITSTATUS(status), colon,
			    last);
	return 0;
}

static int run_hook(const struct oci_hook *hook, const struct hooks_request *request,
		    struct err *err)
{
	scoped(running_close) struct running run = {.pidfd = -1, .out = -1, .err = -1};
	long timeout_s = hook->timeout.set ? (long)hook->timeout.value : 0;
	int status;

	if (begin(hook, request, &run, err) < 0)
		return err->code;
	int r = attend(&run, timeout_s ? now_ms() + timeout_s * 1000 : 0);
	if (r < 0)
		kill(-run.pid, SIGKILL);
	while (waitpid(run.pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "wait");
	if (r == -ETIMEDOUT)
		return fail(err, r, "not done after %ld s, killed", timeout_s);
	if (r < 0)
		return fail(err, r, "poll: %s", strerrordesc_np(-r));
	drain(&run);
	return judge(status, &run.tail, err);
}

int hooks_run(const struct hooks_request *request, struct err *err)
{
	struct err first = {};

	for (size_t i = 0; i < request->list->n; i++) {
		const struct oci_hook *hook = &request->list->item[i];
		struct err why = {};

		if (run_hook(hook, request, &why) == 0)
			continue;
		fail_in(&why, "hook %s %zu (%s)", oci_hook_name(request->kind), i + 1,
			hook->path);
		if (!first.code)
			first = why;
		if (request->failure == HOOKS_STOP)
			break;
	}
	if (first.code)
		*err = first;
	return first.code;
}
