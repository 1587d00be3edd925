#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/tty.h"

enum { RUNS_ON = -1 };

static void held_signals(sigset_t *set)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(set, faults[i]);
}

int foreground_prepare(bool subreaper, struct err *err)
{
	sigset_t set;

	held_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail_errno(err, "hold signals");
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fail_errno(err, "become subreaper");
	return 0;
}

/* reap() - all that have ended; the status of pid if it is among them */
static int reap(pid_t pid)
{
	int status, result = RUNS_ON;

	for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (ended != pid)
			continue;
		result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

/* take_signals() - true if a child may have ended */
static bool take_signals(int signals, pid_t pid, struct tty *tty)
{
	struct signalfd_siginfo info;
	bool child = false;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD)
			child = true;
		else if (sig == SIGWINCH && tty_is_open(tty))
			tty_resize(tty);
		else
			(void)kill(pid, sig);
	}
	return child;
}

static int attend(int signals, pid_t pid, struct tty *tty, struct err *err)
{
	struct pollfd fd[1 + TTY_POLL_FDS] = {{.fd = signals, .events = POLLIN}};
	int status = reap(pid); /* it may have ended before signals were held here */

	while (status == RUNS_ON) {
		tty_poll(tty, fd + 1);
		if (poll(fd, 1 + TTY_POLL_FDS, -1) < 0 && errno != EINTR)
			return fail_errno(err, "poll");
		tty_copy(tty, fd + 1);
		if (fd[0].revents && take_signals(signals, pid, tty))
			status = reap(pid);
	}
	tty_drain(tty);
	return status;
}

int foreground_wait(pid_t pid, const struct console *console, struct err *err)
{
	scoped(tty_close) struct tty tty = TTY_NONE;
	scoped_fd int master = -1;
	sigset_t set;

	held_signals(&set);
	scoped_fd int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return fail_errno(err, "signalfd");
	if (console_master(console, &master, err) < 0)
		return err->code;
	if (master >= 0 && tty_open(&tty, take_fd(&master), err) < 0)
		return err->code;
	return attend(signals, pid, &tty, err);
}
