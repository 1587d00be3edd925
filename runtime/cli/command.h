/* command.h - one row per command; one file per row
 *
 * main() parses the line by the row's table into a struct of row->size bytes that begins as
 * zeroes, checks the number of arguments and calls run().  run() returns the exit status, or a
 * negative errno with the sentence in err: main() puts "checkpoint web" before it and prints it.
 */
#ifndef CKRUN_CLI_COMMAND_H
#define CKRUN_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/cli/options.h"

struct arena;
struct err;

/* What stands before the command on the line. */
struct global {
	bool debug;
	const char *log;        /* file that gets every message as well; NULL: none */
	const char *log_format; /* "text" or "json" */
	const char *root;       /* directory of all containers' states */
};

struct call {
	const struct command *command;
	const struct global *global;
	struct arena *arena; /* lives until the process ends */
	struct args args;
};

struct command {
	const char *name;
	const char *synopsis; /* of the arguments: "CONTAINER [SIGNAL]" */
	const char *brief;
	struct opt_table options;
	size_t size; /* of the struct that options fills */
	size_t min_args, max_args;
	enum opt_order order;
	int error_status; /* exit status after an error; 0 means 1 */
	bool enters;      /* makes processes in containers: runs from a sealed copy of ckrun */
	/* A command of commands: its first argument names one, which has the rest of the line.
	 * NULL behind the last.  It has no options and no run(). */
	const struct command *const *verb;
	const char *within; /* of a verb: the command that it belongs to */
	int (*run)(const struct call *call, const void *options, struct err *err);
};

enum { ARGS_ANY = 1 << 16 };

const struct command *command_find(const char *name); /* NULL: no such command */
const struct command *command_at(size_t i);           /* NULL: past the last */

#endif
