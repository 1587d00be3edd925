/* exec_process.h - the process that `exec` asks for, from its options or from a file */
#ifndef CKRUN_CLI_EXEC_PROCESS_H
#define CKRUN_CLI_EXEC_PROCESS_H

#include <stdbool.h>

#include "oci/config.h"
#include "runtime/cli/options.h"

struct arena;
struct err;

struct exec_wish {
	const char *file; /* --process; the options below are then the file's business */
	const char *cwd, *user, *label, *apparmor;
	struct opt_list env, caps, gids;
	bool tty, no_new_privs;
	struct args args; /* program and arguments */
};

/* exec_process() - what is not given is as in the container's config.json. */
int exec_process(struct arena *arena, const struct oci_config *config,
		 const struct exec_wish *wish, struct oci_process *ret, struct err *err);

#endif
