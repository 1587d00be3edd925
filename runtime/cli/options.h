/* options.h - a command line read by a table
 *
 * One row is one option; the same table parses, and prints `--help`.
 *
 *	--name value   --name=value   -name value	engines write long names with one dash too
 *	-n value       -n=value       -dt		letters of flags may stand together, the
 *							last of them may take a value
 *	--flag=false   --			as Go's flag package has it
 *
 * Values are not copied: they point into argv.  Errors are in the words of that package where
 * engines look for them ("flag needs an argument: -lsm-mount-context").
 */
#ifndef CKRUN_CLI_OPTIONS_H
#define CKRUN_CLI_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

struct arena;
struct err;

enum opt_kind {
	OPT_FLAG,   /* bool */
	OPT_TEXT,   /* const char *, NULL when not given */
	OPT_NUMBER, /* int, 0 or more */
	OPT_LIST,   /* struct opt_list: may be given several times */
};

enum opt_effect {
	OPT_TAKEN,       /* stored at `at` */
	OPT_IGNORED,     /* runc documents it as without effect */
	OPT_UNSUPPORTED, /* refused by name when used; not shown by --help */
};

struct opt_list {
	const char **value;
	size_t n;
};

struct opt {
	const char *name; /* long, without dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	enum opt_effect effect;
	size_t at;         /* offset in the command's struct of options */
	const char *value; /* what --help calls the value */
	const char *help;
};

struct opt_table {
	const struct opt *opt;
	size_t n;
};

#define OPT_TABLE(rows) ((struct opt_table){(rows), sizeof(rows) / sizeof((rows)[0])})

enum opt_order {
	OPT_ANYWHERE, /* options may follow arguments */
	OPT_FIRST,    /* the first argument ends them: the rest is another program's */
};

/* What stands on the line besides options. */
struct args {
	char **v;
	size_t n;
};

enum { OPT_HELP = 1 };

/* options_parse() - fill `into`, a struct that the table describes and that holds the defaults.
 * args: the words to parse; what remains is left in it, in an array from the arena.
 * Returns OPT_HELP at --help or -h, 0 otherwise. */
int options_parse(struct opt_table table, void *into, struct args *args, enum opt_order order,
		  struct arena *arena, struct err *err);

/* options_help() - a line for each option that has an effect or is ignored */
void options_help(struct opt_table table, FILE *out);

#endif
