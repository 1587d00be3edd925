/* options.h - the command line of CRIU 4.2, read by a table
 *
 * As getopt_long(3) has it: "--name value", "--name=value", "-nvalue", "-n value", an unambiguous
 * beginning of a name; options stand anywhere.  Flags also exist as "--no-NAME".
 */
#ifndef CKRUN_CRIU_OPTIONS_H
#define CKRUN_CRIU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct err;

struct criu_options {
	const char *verb;
	char **args; /* what stands on the line besides options and verb */
	size_t n_args;

	bool help, version;
	int verbosity;
	int tree; /* 0: not given */
	const char *images_dir, *work_dir, *log_file, *pid_file;
	bool leave_running, leave_stopped;
	bool detach, sibling;
	bool shell_job, tcp_established, tcp_close, ext_unix_sk, file_locks;
	bool check_all, check_extra, check_experimental;
	const char *feature;
	const char *address; /* of `service` */
};

/* criu_options_parse() - refuses an option whose effect does not exist yet by its name. */
int criu_options_parse(int argc, char **argv, struct criu_options *ret, struct err *err);

/* criu_options_help() - a line for each option that is taken or accepted. */
void criu_options_help(FILE *out);

#endif
