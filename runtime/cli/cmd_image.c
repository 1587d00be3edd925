/* cmd_image.c - look into images, without restoring them: a verb per file */
#include "runtime/cli/command.h"

extern const struct command cmd_image_core, cmd_image_decode, cmd_image_diff, cmd_image_edit,
	cmd_image_encode, cmd_image_show, cmd_image_validate;

static const struct command *const verbs[] = {
	&cmd_image_core,   &cmd_image_decode, &cmd_image_diff,     &cmd_image_edit,
	&cmd_image_encode, &cmd_image_show,   &cmd_image_validate, NULL,
};

const struct command cmd_image = {
	.name = "image",
	.synopsis = "VERB",
	.brief = "look into an image, check it, change it",
	.verb = verbs,
};
