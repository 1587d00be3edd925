/* commands.c - the table of contents of this folder */
#include <string.h>

#include "runtime/cli/command.h"

extern const struct command cmd_checkpoint, cmd_create, cmd_delete, cmd_exec, cmd_features,
	cmd_image, cmd_kill, cmd_list, cmd_pause, cmd_ps, cmd_restore, cmd_resume, cmd_run,
	cmd_spec, cmd_start, cmd_state;

static const struct command *const commands[] = {
	&cmd_checkpoint, &cmd_create, &cmd_delete, &cmd_exec,  &cmd_features, &cmd_image,
	&cmd_kill,       &cmd_list,   &cmd_pause,  &cmd_ps,    &cmd_restore,  &cmd_resume,
	&cmd_run,        &cmd_spec,   &cmd_start,  &cmd_state,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const struct command *command_at(size_t i)
{
	return i < N_COMMANDS ? commands[i] : NULL;
}
