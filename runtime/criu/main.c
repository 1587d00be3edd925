/* main.c - the verbs */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/criu/check.h"
#include "runtime/criu/code.h"
#include "runtime/criu/cpuinfo.h"
#include "runtime/criu/criu.h"
#include "runtime/criu/options.h"
#include "runtime/criu/serve.h"
#include "runtime/criu/verb_carry.h"

struct verb {
	const char *name;
	int (*run)(const struct criu_options *options, struct err *err); /* NULL: not yet */
	const char *brief;
};

static const struct verb verbs[] = {
	{"check", check_run, "say whether kernel and engine are fit, or have a feature"},
	{"swrk", swrk_run, "serve one client on descriptor FD"},
	{"dump", dump_run, "write a process and its descendants to an image"},
	{"restore", restore_run, "bring them back"},
	{"pre-dump", NULL, ""},
	{"page-server", NULL, ""},
	{"lazy-pages", NULL, ""},
	{"service", NULL, ""},
	{"dedup", NULL, ""},
	{"cpuinfo", cpuinfo_run, "dump or check: what this processor offers"},
};

bool criu_is_called(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 && !strcmp(slash ? slash + 1 : argv0, "criu");
}

static int print_version(const char *build)
{
	printf("Version: %d.%d\nckrun %s\n", CRIU_MAJOR, CRIU_MINOR, build);
	return 0;
}

static int print_help(void)
{
	puts("criu - checkpoint and restore tasks with ckrun's engine\n\n"
	     "Usage: criu VERB [options]\n\nVerbs:");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (verbs[i].run)
			printf("  %-12s %s\n", verbs[i].name, verbs[i].brief);
	puts("\nOptions:");
	criu_options_help(stdout);
	return 0;
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int run(int argc, char **argv, const char *build, struct err *err)
{
	struct criu_options options;

	if (criu_options_parse(argc, argv, &options, err) < 0)
		return err->code;
	if (options.version)
		return print_version(build);
	if (options.help)
		return print_help();
	if (!options.verb)
		return fail(err, -EINVAL, "no verb is given; criu --help lists all");
	const struct verb *verb = find(options.verb);
	if (!verb)
		return fail(err, -EINVAL, "unknown verb %s; criu --help lists all",
			    options.verb);
	if (!verb->run)
		return fail(err, -ENOSYS, "criu %s is not supported yet", verb->name);
	return verb->run(&options, err);
}

/* A line for each further reason first: the last line is the failure. */
static void complain(const struct err *err)
{
	char text[ERR_FRAMES * (ERR_FRAME_MAX + 2)];

	for (const char *line = err->also; *line;) {
		const char *end = strchrnul(line, '\n');

		fprintf(stderr, "Error: %.*s\n", (int)(end - line), line);
		line = end + (*end != '\0');
	}
	fprintf(stderr, "Error: %s (%s)\n", err_text(err, text, sizeof(text)),
		criu_code_for(err)->way_out);
}

int criu_main(int argc, char **argv, const char *build)
{
	struct err err = {};

	int r = run(argc, argv, build, &err);
	if (r < 0)
		complain(&err);
	return r < 0 ? 1 : r;
}
