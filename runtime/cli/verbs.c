#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/cli/command.h"
#include "runtime/cli/verbs.h"

void verbs_help(const struct command *command)
{
	printf("ckrun %s - %s\n\nUsage: ckrun %s VERB [options] [arguments]\n\nVerbs:\n",
	       command->name, command->brief, command->name);
	for (const struct command *const *verb = command->verb; *verb; verb++)
		printf("  %-12s %s\n", (*verb)->name, (*verb)->brief);
	printf("\n`ckrun %s VERB --help` lists a verb's options.\n", command->name);
}

static const struct command *verb_find(const struct command *command, const char *name)
{
	for (const struct command *const *verb = command->verb; *verb; verb++)
		if (!strcmp((*verb)->name, name))
			return *verb;
	return NULL;
}

int verb_choose(struct call *call, struct err *err)
{
	const struct command *command = call->command;
	int r = options_parse(command->options, NULL, &call->args, OPT_FIRST, call->arena, err);

	if (r < 0)
		return fail_in(err, "%s", command->name);
	if (r == OPT_HELP || !call->args.n || !strcmp(call->args.v[0], "help"))
		return OPT_HELP;
	call->command = verb_find(command, call->args.v[0]);
	if (!call->command) {
		call->command = command;
		return fail(err, -EINVAL, "%s: unknown verb %s; ckrun %s --help lists all",
			    command->name, call->args.v[0], command->name);
	}
	call->args = (struct args){call->args.v + 1, call->args.n - 1};
	return 0;
}
