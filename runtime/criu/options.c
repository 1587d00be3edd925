#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/criu/options.h"

enum argument { FLAG, TEXT, NUMBER, LEVEL, MAYBE };
enum effect { TAKEN, ACCEPTED, REFUSED_YET };

struct row {
	const char *name; /* "": only the letter */
	char letter;
	enum argument argument; /* MAYBE: "-x[ids]", "--cpu-cap[=list]" */
	enum effect effect;
	size_t at;
	const char *help;
};

#define AT(field) offsetof(struct criu_options, field)

/* clang-format off */
static const struct row rows[] = {
	{"tree", 't', NUMBER, TAKEN, AT(tree), "PID: dump it and its descendants"},
	{"images-dir", 'D', TEXT, TAKEN, AT(images_dir), "DIR: of the image (default: .)"},
	{"work-dir", 'W', TEXT, TAKEN, AT(work_dir), "DIR: of log, pid file, statistics (default: --images-dir)"},
	{"log-file", 'o', TEXT, TAKEN, AT(log_file), "FILE: in the work directory (default: stderr)"},
	{"verbosity", 'v', LEVEL, TAKEN, AT(verbosity), "N: 0 nothing, 1 errors, 2 warnings, 3 decisions, 4 all"},
	{"leave-running", 'R', FLAG, TAKEN, AT(leave_running), "dump: the tasks go on"},
	{"leave-stopped", 's', FLAG, TAKEN, AT(leave_stopped), "the tasks stop instead of ending, or before they run"},
	{"restore-detached", 'd', FLAG, TAKEN, AT(detach), "restore: return once the tasks run"},
	{"daemon", 0, FLAG, TAKEN, AT(detach), "service: go into the background"},
	{"restore-sibling", 'S', FLAG, TAKEN, AT(sibling), "restore: the tasks are children of the caller"},
	{"pidfile", 0, TEXT, TAKEN, AT(pid_file), "FILE: gets the pid of the first task"},
	{"shell-job", 'j', FLAG, TAKEN, AT(shell_job), "tasks whose session or terminal is outside are wanted"},
	{"tcp-established", 0, FLAG, TAKEN, AT(tcp_established), "connections that lead out are wanted"},
	{"tcp-close", 0, FLAG, TAKEN, AT(tcp_close), "restore: connections come back closed"},
	{"ext-unix-sk", 'x', MAYBE, TAKEN, AT(ext_unix_sk), "datagram sockets connected to one outside are wanted"},
	{"file-locks", 'l', FLAG, TAKEN, AT(file_locks), "locks are carried without it"},
	{"all", 0, FLAG, TAKEN, AT(check_all), "check: every feature"},
	{"extra", 0, FLAG, TAKEN, AT(check_extra), "check: what only some tasks need"},
	{"experimental", 0, FLAG, TAKEN, AT(check_experimental), "check: what is new"},
	{"feature", 0, TEXT, TAKEN, AT(feature), "NAME: check this one; list: print all names"},
	{"address", 0, TEXT, TAKEN, AT(address), "PATH: socket of the service"},
	{"version", 'V', FLAG, TAKEN, AT(version), "print the version and exit"},
	{"help", 'h', FLAG, TAKEN, AT(help), "print this and exit"},

	{"libdir", 'L', TEXT, ACCEPTED, 0, "DIR: there are no plugins"},
	{"evasive-devices", 0, FLAG, ACCEPTED, 0, "devices are found by their numbers"},
	{"ghost-limit", 0, TEXT, ACCEPTED, 0, "SIZE: deleted files of any size are carried"},
	{"ghost-fiemap", 0, FLAG, ACCEPTED, 0, "holes of deleted files are always found"},
	{"force-irmap", 0, FLAG, ACCEPTED, 0, "files are found by their paths"},
	{"irmap-scan-path", 0, TEXT, ACCEPTED, 0, "DIR: files are found by their paths"},
	{"mntns-compat-mode", 0, FLAG, ACCEPTED, 0, "there is one way of mounting"},
	{"allow-uprobes", 0, FLAG, ACCEPTED, 0, "uprobes are not looked for"},
	{"no-default-config", 0, FLAG, ACCEPTED, 0, "no configuration file is read"},
	{"deprecated", 0, FLAG, ACCEPTED, 0, "nothing here is"},
	{"log-pid", 0, FLAG, ACCEPTED, 0, "one process writes the log"},
	{"freeze-cgroup", 0, TEXT, ACCEPTED, 0, "DIR: tasks are stopped one by one"},
	{"track-mem", 0, FLAG, REFUSED_YET, 0, ""},
	{"unprivileged", 0, FLAG, REFUSED_YET, 0, ""},
	{"skip-in-flight", 0, FLAG, REFUSED_YET, 0, ""},
	{"external", 0, TEXT, REFUSED_YET, 0, ""},
	{"inherit-fd", 0, TEXT, REFUSED_YET, 0, ""},
	{"link-remap", 0, FLAG, REFUSED_YET, 0, ""},
	{"manage-cgroups", 0, MAYBE, REFUSED_YET, 0, ""},
	{"cgroup-root", 0, TEXT, REFUSED_YET, 0, ""},
	{"cgroup-props", 0, TEXT, REFUSED_YET, 0, ""},
	{"cgroup-props-file", 0, TEXT, REFUSED_YET, 0, ""},
	{"cgroup-dump-controller", 0, TEXT, REFUSED_YET, 0, ""},
	{"cgroup-yard", 0, TEXT, REFUSED_YET, 0, ""},
	{"root", 'r', TEXT, REFUSED_YET, 0, ""},
	{"prev-images-dir", 0, TEXT, REFUSED_YET, 0, ""},
	{"auto-dedup", 0, FLAG, REFUSED_YET, 0, ""},
	{"pre-dump-mode", 0, TEXT, REFUSED_YET, 0, ""},
	{"page-server", 0, FLAG, REFUSED_YET, 0, ""},
	{"port", 0, TEXT, REFUSED_YET, 0, ""},
	{"ps-socket", 0, TEXT, REFUSED_YET, 0, ""},
	{"tls", 0, FLAG, REFUSED_YET, 0, ""},
	{"tls-cacert", 0, TEXT, REFUSED_YET, 0, ""},
	{"tls-cacrl", 0, TEXT, REFUSED_YET, 0, ""},
	{"tls-cert", 0, TEXT, REFUSED_YET, 0, ""},
	{"tls-key", 0, TEXT, REFUSED_YET, 0, ""},
	{"tls-no-cn-verify", 0, FLAG, REFUSED_YET, 0, ""},
	{"lazy-pages", 0, FLAG, REFUSED_YET, 0, ""},
	{"stream", 0, FLAG, REFUSED_YET, 0, ""},
	{"action-script", 0, TEXT, REFUSED_YET, 0, ""},
	{"exec-cmd", 0, FLAG, REFUSED_YET, 0, ""},
	{"empty-ns", 0, TEXT, REFUSED_YET, 0, ""},
	{"join-ns", 'J', TEXT, REFUSED_YET, 0, ""},
	{"skip-mnt", 0, TEXT, REFUSED_YET, 0, ""},
	{"ext-mount-map", 'M', TEXT, REFUSED_YET, 0, ""},
	{"veth-pair", 0, TEXT, REFUSED_YET, 0, ""},
	{"enable-external-masters", 0, FLAG, REFUSED_YET, 0, ""},
	{"enable-external-sharing", 0, FLAG, REFUSED_YET, 0, ""},
	{"enable-fs", 0, TEXT, REFUSED_YET, 0, ""},
	{"cpu-cap", 0, MAYBE, REFUSED_YET, 0, ""},
	{"timeout", 0, TEXT, REFUSED_YET, 0, ""},
	{"weak-sysctls", 0, FLAG, REFUSED_YET, 0, ""},
	{"status-fd", 0, TEXT, REFUSED_YET, 0, ""},
	{"pidfd-store", 0, TEXT, REFUSED_YET, 0, ""},
	{"lsm-profile", 0, TEXT, REFUSED_YET, 0, ""},
	{"lsm-mount-context", 0, TEXT, REFUSED_YET, 0, ""},
	{"network-lock", 0, TEXT, REFUSED_YET, 0, ""},
	{"file-validation", 0, TEXT, REFUSED_YET, 0, ""},
	{"skip-file-rwx-check", 0, FLAG, REFUSED_YET, 0, ""},
	{"display-stats", 0, FLAG, REFUSED_YET, 0, ""},
	{"config", 0, TEXT, REFUSED_YET, 0, ""},
};
/* clang-format on */

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	/* what getopt_long(3) returns: a row's index past all letters, and whether "no-" */
	FIRST = 1000,
	NOT = 500,
};

struct getopt_table {
	char letters[3 * ROWS + 2];
	char no_name[ROWS][40];
	struct option name[2 * ROWS + 1];
};

static int has_arg(const struct row *row)
{
	if (row->argument == FLAG)
		return no_argument;
	return row->argument == MAYBE || row->argument == LEVEL ? optional_argument
								: required_argument;
}

static void build(struct getopt_table *table)
{
	char *letter = table->letters;
	struct option *name = table->name;

	*letter++ = ':'; /* a missing argument is told from an unknown option */
	for (int i = 0; i < ROWS; i++) {
		int arg = has_arg(&rows[i]);

		*name++ = (struct option){rows[i].name, arg, NULL, FIRST + i};
		if (rows[i].argument == FLAG && strncmp(rows[i].name, "no-", 3) != 0) {
			snprintf(table->no_name[i], sizeof(table->no_name[i]), "no-%s",
				 rows[i].name);
			*name++ =
				(struct option){table->no_name[i], arg, NULL, FIRST + NOT + i};
		}
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		for (int colons = arg; colons > 0; colons--)
			*letter++ = ':';
	}
}

static const struct row *row_of(int got)
{
	if (got >= FIRST)
		return &rows[(got - FIRST) % NOT];
	for (int i = 0; i < ROWS; i++)
		if (rows[i].letter && rows[i].letter == got)
			return &rows[i];
	return NULL;
}

static int number(const struct row *row, const char *text, int *ret, struct err *err)
{
	char *end;

	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > INT_MAX)
		return fail(err, -EINVAL, "--%s %s: a number from 1 is wanted", row->name,
			    text);
	*ret = (int)n;
	return 0;
}

/* "-v4", "-vvv", "-v" once more; other tools attach what they like. */
static int level(int before, const char *text)
{
	char *end;

	if (!text)
		return before + 1;
	long n = strtol(text, &end, 10);
	if (end != text && n >= 0 && n < 10)
		return (int)n;
	return before + 1 + (int)strspn(text, "v");
}

static int take(const struct row *row, bool no, struct criu_options *o, struct err *err)
{
	void *at = (char *)o + row->at;

	if (row->effect == ACCEPTED || (row->effect == REFUSED_YET && no))
		return 0;
	if (row->effect == REFUSED_YET)
		return refuse(err, "--%s is not supported yet", row->name);
	switch (row->argument) {
	case FLAG:
		*(bool *)at = !no;
		return 0;
	case TEXT:
		*(const char **)at = optarg;
		return 0;
	case NUMBER:
		return number(row, optarg, at, err);
	case LEVEL:
		*(int *)at = level(*(int *)at, optarg);
		return 0;
	case MAYBE:
		break;
	}
	if (optarg)
		return refuse(err, "--%s with a list (%s) is not supported yet", row->name,
			      optarg);
	*(bool *)at = true;
	return 0;
}

static int unknown(int got, char *word, struct err *err)
{
	const char *why = got == ':' ? "needs an argument" : "is not known";

	if (word && word[0] == '-' && word[1] == '-')
		return fail(err, -EINVAL, "option %s %s", word, why);
	return fail(err, -EINVAL, "option -%c %s", optopt > 0 && optopt < 128 ? optopt : '?',
		    why);
}

int criu_options_parse(int argc, char **argv, struct criu_options *ret, struct err *err)
{
	struct criu_options o = {.verbosity = 2};
	struct getopt_table table = {};
	int got, verbose = 0;

	build(&table);
	opterr = 0;
	while ((got = getopt_long(argc, argv, table.letters, table.name, NULL)) != -1) {
		const struct row *row = row_of(got);

		if (!row)
			return unknown(got, argv[optind - 1], err);
		if (row->argument == LEVEL && !verbose++)
			o.verbosity = 0; /* counted from the first one on */
		if (take(row, got >= FIRST + NOT, &o, err) < 0)
			return err->code;
	}
	if (optind < argc) {
		o.verb = argv[optind];
		o.args = argv + optind + 1;
		o.n_args = (size_t)(argc - optind - 1);
	}
	*ret = o;
	return 0;
}

void criu_options_help(FILE *out)
{
	for (int i = 0; i < ROWS; i++) {
		if (rows[i].effect == REFUSED_YET)
			continue;
		if (rows[i].letter)
			fprintf(out, "  -%c, ", rows[i].letter);
		else
			fputs("      ", out);
		fprintf(out, "--%-24s %s%s\n", rows[i].name, rows[i].help,
			rows[i].effect == ACCEPTED ? " (accepted, without effect)" : "");
	}
}
