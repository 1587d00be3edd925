/* main.c - the global options, then one command */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/report.h"
#include "runtime/cli/verbs.h"
#include "runtime/cli/version.h"
#include "runtime/container/selfclone.h"
#include "runtime/criu/criu.h"

struct line {
	struct global global;
	bool version, systemd_cgroup;
	const char *rootless;
};

/* clang-format off */
static const struct opt globals[] = {
	{"debug", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct line, global.debug), "",
	 "say more in the log"},
	{"log", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct line, global.log), "FILE",
	 "append errors to FILE as well"},
	{"log-format", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct line, global.log_format), "text|json",
	 "format of the log (default text)"},
	{"root", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct line, global.root), "DIR",
	 "directory of container states (default /run/ckrun)"},
	{"rootless", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct line, rootless), "true|false|auto",
	 "must be false or auto: ckrun needs root"},
	{"systemd-cgroup", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"criu", 0, OPT_TEXT, OPT_IGNORED, 0, "PATH", "ckrun has its own engine"},
	{"version", 'v', OPT_FLAG, OPT_TAKEN, offsetof(struct line, version), "",
	 "print the version and exit"},
};
/* clang-format on */

static void help(void)
{
	puts("ckrun - an OCI container runtime that checkpoints and restores\n\n"
	     "Usage: ckrun [global options] COMMAND [options] [arguments]\n\nCommands:");
	for (size_t i = 0; command_at(i); i++)
		printf("  %-12s %s\n", command_at(i)->name, command_at(i)->brief);
	puts("\nGlobal options:");
	options_help(OPT_TABLE(globals), stdout);
	puts("\n`ckrun COMMAND --help` lists a command's options.");
}

static void command_help(const struct command *command)
{
	const char *within = command->within ? command->within : "";
	const char *gap = command->within ? " " : "";

	printf("ckrun %s%s%s - %s\n\nUsage: ckrun %s%s%s [options]%s%s\n\nOptions:\n", within,
	       gap, command->name, command->brief, within, gap, command->name,
	       *command->synopsis ? " " : "", command->synopsis);
	options_help(command->options, stdout);
}

static int check_count(const struct call *call, struct err *err)
{
	const struct command *command = call->command;

	const char *few_or_many = NULL;

	if (call->args.n < command->min_args)
		few_or_many = "few";
	if (call->args.n > command->max_args)
		few_or_many = "many";
	if (!few_or_many)
		return 0;
	return fail(err, -EINVAL, "too %s arguments; usage: ckrun %s%s%s [options] %s",
		    few_or_many, command->within ? command->within : "",
		    command->within ? " " : "", command->name, command->synopsis);
}

static long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* "checkpoint web": what the user wanted, in front of why it did not work */
static int name_the_wish(const struct call *call, bool parsed, struct err *err)
{
	const char *within = call->command->within ? call->command->within : "";
	const char *gap = call->command->within ? " " : "";

	if (parsed && call->args.n && call->command->min_args)
		return fail_in(err, "%s%s%s %s", within, gap, call->command->name,
			       call->args.v[0]);
	return fail_in(err, "%s%s%s", within, gap, call->command->name);
}

static int run_command(const struct call *call, char **argv, const void *options,
		       struct err *err)
{
	if (call->command->enters && selfclone(argv, err) < 0)
		return err->code;
	return call->command->run(call, options, err);
}

/* call_command() - its exit status, or a negative errno */
static int call_command(struct call *call, char **argv, struct err *err)
{
	if (call->command->verb) {
		int chosen = verb_choose(call, err);

		if (chosen == OPT_HELP)
			verbs_help(call->command);
		if (chosen)
			return chosen < 0 ? chosen : 0;
	}
	void *options = arena_alloc(call->arena, call->command->size);
	struct timespec start;

	if (!options)
		return fail(err, -ENOMEM, "out of memory");
	int r = options_parse(call->command->options, options, &call->args,
			      call->command->order, call->arena, err);
	if (r == OPT_HELP) {
		command_help(call->command);
		return 0;
	}
	if (r < 0 || check_count(call, err) < 0)
		return name_the_wish(call, false, err);
	clock_gettime(CLOCK_MONOTONIC, &start);
	r = run_command(call, argv, options, err);
	if (r < 0)
		return name_the_wish(call, true, err);
	report_debug(call->global, "%s %s: done in %ld ms", call->command->name,
		     call->args.n ? call->args.v[0] : "", ms_since(&start));
	return r;
}

static int check_globals(const struct line *line, struct err *err)
{
	if (line->rootless && !strcmp(line->rootless, "true"))
		return fail(err, -EOPNOTSUPP,
			    "--rootless true is not supported by this version");
	return report_check(&line->global, err);
}

static int fail_with(const struct global *global, int status, const struct err *err)
{
	report_error(global, err);
	return status ? status : 1;
}

static int run(struct line *line, char **argv, struct args *args, struct arena *arena)
{
	struct err err = {};
	int r = options_parse(OPT_TABLE(globals), line, args, OPT_FIRST, arena, &err);

	if (r < 0)
		return fail_with(NULL, 1, &err);
	if (line->version) {
		version_print();
		return 0;
	}
	if (r == OPT_HELP || !args->n || !strcmp(args->v[0], "help")) {
		help();
		return 0;
	}
	if (check_globals(line, &err) < 0)
		return fail_with(NULL, 1, &err);
	struct call call = {.command = command_find(args->v[0]),
			    .global = &line->global,
			    .arena = arena,
			    .args = {args->v + 1, args->n - 1}};
	if (!call.command) {
		fail(&err, -EINVAL, "unknown command %s; ckrun --help lists all", args->v[0]);
		return fail_with(&line->global, 1, &err);
	}
	r = call_command(&call, argv, &err);
	if (r < 0)
		r = fail_with(&line->global, call.command->error_status, &err);
	report_held(&line->global);
	return r;
}

int main(int argc, char **argv)
{
	if (criu_is_called(argv[0]))
		return criu_main(argc, argv, version_build());
	scoped(arena_free) struct arena *arena = arena_new();
	struct line line = {.global = {.log_format = "text", .root = "/run/ckrun"}};
	struct args args = {argv + (argc > 0), (size_t)(argc > 0 ? argc - 1 : 0)};

	if (!arena) {
		fputs("ckrun: out of memory\n", stderr);
		return 1;
	}
	return run(&line, argv, &args, arena);
}
