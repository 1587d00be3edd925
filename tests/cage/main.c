/* main.c - the front and the keeper of a sandbox */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/cage/cage.h"

enum { END_MS = 10000, TIME_OUT_S = 900 };

/* What the front knows of the sandbox that it started. */
struct front {
	struct cgroups groups;
	sigset_t ends;      /* signals that end the sandbox */
	sigset_t inherited; /* the mask that the command gets */
	pid_t keeper, inside;
	enum terminal terminal;
	int keeper_pipe; /* its closing wakes the keeper */
	int status;      /* the inside writes the exit code; end of file if it was killed */
};

void die(const char *fmt, ...)
{
	va_list ap;
	int saved = errno;

	va_start(ap, fmt);
	fputs("sandbox: ", stderr);
	errno = saved;
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(EXIT_CAGE);
}

char *text(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

int write_file(const char *path, const char *value)
{
	int r = 0, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	close(fd);
	return r;
}

char *read_file(const char *path)
{
	const size_t size = 1 << 16;
	char *buf = calloc(1, size);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r;

	if (!buf)
		die("out of memory");
	while (fd >= 0 && n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)r;
	if (fd >= 0)
		close(fd);
	return buf;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Ends the sandbox; the inside is reaped on the way, it cannot end while a v1 task is frozen. */
static int end_all(const struct cgroups *groups, pid_t inside, int *ret_status)
{
	long until = now_ms() + END_MS;
	useconds_t pause_us = 200;
	int left;

	if (inside > 0)
		kill(inside, SIGKILL);
	do {
		left = cgroups_end(groups);
		if (inside > 0 && waitpid(inside, ret_status, WNOHANG) == inside)
			inside = 0;
		if (!left && inside <= 0)
			return 0;
		usleep(pause_us);
		pause_us += pause_us < 20000 ? pause_us / 2 : 0;
	} while (now_ms() < until);
	return -EBUSY;
}

/* The mask is the front's: what ends the front by signal does not end the keeper. */
static void start_keeper(struct front *front)
{
	int end[2];
	char byte;

	if (pipe2(end, O_CLOEXEC) < 0 || (front->keeper = fork()) < 0)
		die("start the keeper: %m");
	if (front->keeper > 0) {
		close(end[0]);
		front->keeper_pipe = end[1];
		return;
	}
	setsid();
	close(end[1]);
	for (int fd = 0; fd < 3; fd++) {
		close(fd);
		open("/dev/null", O_RDWR);
	}
	while (read(end[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(end_all(&front->groups, 0, NULL) < 0 ? EXIT_CAGE : 0);
}

unsigned long namespace_id(const char *name)
{
	struct stat st;
	char *path = text("/proc/self/ns/%s", name);

	if (stat(path, &st) < 0)
		die("%s: %m", path);
	free(path);
	return (unsigned long)st.st_ino;
}

static int time_out_ms(void)
{
	const char *value = getenv("SANDBOX_TIMEOUT");
	char *end;
	long seconds;

	if (!value || !*value)
		return TIME_OUT_S * 1000;
	seconds = strtol(value, &end, 10);
	if (*end || seconds <= 0 || seconds > 100000)
		die("SANDBOX_TIMEOUT is '%s', not a number of seconds", value);
	return (int)seconds * 1000;
}

/* A signal that the caller ignores (nohup, a job in the background) goes on being ignored. */
static void block_ends(sigset_t *ret_ends, sigset_t *ret_inherited)
{
	static const int sig[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	sigemptyset(ret_ends);
	for (size_t i = 0; i < sizeof(sig) / sizeof(sig[0]); i++) {
		struct sigaction now;

		if (sigaction(sig[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret_ends, sig[i]);
	}
	sigprocmask(SIG_BLOCK, ret_ends, ret_inherited);
}

static enum terminal terminal_of_ours(void)
{
	pid_t group = tcgetpgrp(0);

	if (group < 0)
		return TERMINAL_NONE;
	return group == getpgrp() ? TERMINAL_OURS : TERMINAL_OTHERS;
}

static void take_terminal_back(void)
{
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(0, getpgrp());
}

static void start_inside(struct front *front, const struct mount_table *table, char *argv[])
{
	int go[2], status[2];
	struct inside inside = {
		.groups = &front->groups,
		.table = table,
		.mask = &front->inherited,
		.terminal = front->terminal,
		.outside_pid = namespace_id("pid"),
		.argv = argv,
	};

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(status, O_CLOEXEC) < 0 ||
	    unshare(CLONE_NEWPID) < 0 || (front->inside = fork()) < 0)
		die("start the sandbox: %m");
	if (front->inside == 0) {
		close(front->keeper_pipe);
		close(go[1]);
		close(status[0]);
		inside.go = go[0];
		inside.status = status[1];
		inside_run(&inside);
	}
	close(go[0]);
	close(status[1]);
	front->status = status[0];
	if (write(go[1], "", 1) != 1)
		die("start the sandbox: %m");
}

/* Returns the command's exit code; -1 if the sandbox died without one. */
static int wait_for_end(const struct front *front, int time_out)
{
	struct pollfd fd[2] = {
		{.fd = front->status, .events = POLLIN},
		{.fd = signalfd(-1, &front->ends, SFD_CLOEXEC), .events = POLLIN}};
	struct signalfd_siginfo got;
	long until = now_ms() + time_out, left;
	int code;

	while ((left = until - now_ms()) > 0) {
		if (poll(fd, 2, (int)left) <= 0)
			continue;
		if (fd[1].revents & POLLIN && read(fd[1].fd, &got, sizeof(got)) == sizeof(got))
			return 128 + (int)got.ssi_signo;
		if (fd[0].revents)
			return read(front->status, &code, sizeof(code)) == sizeof(code) ? code
											: -1;
	}
	fprintf(stderr, "sandbox: time-out after %d s\n", time_out / 1000);
	return EXIT_TIME_OUT;
}

int main(int argc, char *argv[])
{
	struct front front = {};
	struct mount_table table;
	int code, time_out = time_out_ms(), status = 0;

	if (argc < 2)
		die("usage: tests/sandbox COMMAND [ARGUMENT...]");
	block_ends(&front.ends, &front.inherited);
	front.terminal = terminal_of_ours();
	mounts_read(&table);
	cgroups_plan(&front.groups, &table, getpid());
	cgroups_sweep(&front.groups);
	start_keeper(&front);
	cgroups_make(&front.groups);
	start_inside(&front, &table, argv + 1);
	code = wait_for_end(&front, time_out);
	if (end_all(&front.groups, front.inside, &status) < 0)
		die("something is left in %s", front.groups.hierarchy[0].own);
	if (front.terminal == TERMINAL_OURS)
		take_terminal_back();
	close(front.keeper_pipe);
	waitpid(front.keeper, NULL, 0);
	if (code < 0)
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}
