/* cmd_ps.c - the processes of a container, as the host numbers them */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/container.h"

struct ps_options {
	const char *format;
};

/* clang-format off */
static const struct opt rows[] = {
	{"format", 'f', OPT_TEXT, OPT_TAKEN, offsetof(struct ps_options, format), "table|json",
	 "ps(1)'s lines, or an array of pids (default table)"},
};
/* clang-format on */

struct pids {
	pid_t *pid;
	size_t n;
};

static bool has(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->pid[i] == pid)
			return true;
	return false;
}

static void print_json(const struct pids *pids)
{
	putchar('[');
	for (size_t i = 0; i < pids->n; i++)
		printf("%s%d", i ? "," : "", pids->pid[i]);
	puts("]");
}

/* The word of that number in the line, as a pid; 0 if it is none. */
static pid_t number_in(const char *line, int column)
{
	for (int i = 0;; i++) {
		line += strspn(line, " \t");
		if (i == column)
			return (pid_t)strtol(line, NULL, 10);
		line += strcspn(line, " \t\n");
		if (!*line)
			return 0;
	}
}

static int pid_column(const char *head)
{
	for (int i = 0; *(head += strspn(head, " \t\n")); i++) {
		size_t len = strcspn(head, " \t\n");
		if (len == 3 && !memcmp(head, "PID", 3))
			return i;
		head += len;
	}
	return -1;
}

static int print_chosen(FILE *from, const struct pids *pids, struct err *err)
{
	scoped_free char *line = NULL;
	size_t size = 0;
	int column = -1;

	for (bool first = true; getline(&line, &size, from) > 0; first = false) {
		if (first) {
			column = pid_column(line);
			if (column < 0)
				return fail(err, -EPROTO, "ps prints no column PID");
			fputs(line, stdout);
		} else if (has(pids, number_in(line, column))) {
			fputs(line, stdout);
		}
	}
	return 0;
}

static pid_t start_ps(char *const *argv, int *ret_fd, struct err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe");
	pid_t pid = fork();
	if (pid == 0) {
		if (dup2(fd[1], STDOUT_FILENO) >= 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	close(fd[1]);
	if (pid < 0) {
		fail_errno(err, "start ps");
		close(fd[0]);
		return err->code;
	}
	*ret_fd = fd[0];
	return pid;
}

static int print_from(int fd_taken, const struct pids *pids, struct err *err)
{
	FILE *from = fdopen(fd_taken, "r");

	if (!from) {
		fail_errno(err, "read from ps");
		close(fd_taken);
		return err->code;
	}
	int r = print_chosen(from, pids, err);
	fclose(from);
	return r;
}

static int print_table(const struct call *call, const struct pids *pids, struct err *err)
{
	size_t n = call->args.n - 1;
	char **argv = arena_alloc(call->arena, (n + 3) * sizeof(*argv));
	char ps[] = "ps", all[] = "-ef";
	int status = 0, fd = -1;

	if (!argv)
		return fail(err, -ENOMEM, "out of memory");
	argv[0] = ps;
	argv[1] = all;
	if (n)
		memcpy(argv + 1, call->args.v + 1, n * sizeof(*argv));
	pid_t pid = start_ps(argv, &fd, err);
	if (pid < 0)
		return err->code;
	int r = print_from(fd, pids, err);
	if (waitpid(pid, &status, 0) < 0)
		return fail_errno(err, "wait for ps");
	if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) == 127))
		return fail(err, -ENOENT, "cannot run ps");
	return r;
}

static int run_ps(const struct call *call, const void *options, struct err *err)
{
	const struct ps_options *o = options;
	const char *format = o->format ? o->format : "table";
	scoped(container_close) struct container container = CONTAINER_NONE;
	struct pids pids = {};

	if (strcmp(format, "table") && strcmp(format, "json"))
		return fail(err, -EINVAL, "--format %s: it is table or json", format);
	if (container_open(call->arena, call->global->root, call->args.v[0], STORE_READ,
			   &container, err) < 0)
		return err->code;
	if (container_tasks(&container, &pids.pid, &pids.n, err) < 0)
		return err->code;
	if (*format == 't')
		return print_table(call, &pids, err);
	print_json(&pids);
	return 0;
}

const struct command cmd_ps = {
	.name = "ps",
	.synopsis = "CONTAINER [PS-OPTION...]",
	.brief = "list the processes of a container",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = ARGS_ANY,
	.order = OPT_FIRST,
	.run = run_ps,
};
