/* cmd_image_validate.c - is an image whole and restorable? */
#include <errno.h>
#include <stdio.h>

#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"

struct validate_options {
	bool here;
};

/* clang-format off */
static const struct opt rows[] = {
	{"here", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct validate_options, here), "",
	 "check too whether this machine's processor can run it"},
};
/* clang-format on */

/* An image that CRIU made does not say what it needs. */
static int host_check(int fd, struct err *err)
{
	scoped(image_close) struct image_dir *dir = NULL;
	struct image_host here;

	if (image_open(fd, &dir, err) < 0 || image_host_read(&here, err) < 0)
		return err->code;
	return image_about(dir) ? image_host_fits(&image_about(dir)->host, &here, err) : 0;
}

static int run_validate(const struct call *call, const void *options, struct err *err)
{
	const struct validate_options *o = options;
	struct image_problems found = {};
	scoped_fd int fd = -1;

	if (image_dir_fd(call->args.v[0], &fd, err) < 0 ||
	    image_validate(fd, call->arena, &found, err) < 0)
		return err->code;
	for (size_t i = 0; i < found.n; i++)
		puts(found.text[i]);
	if (found.n)
		return fail(err, -EBADMSG, "%zu problem%s found", found.n,
			    found.n == 1 ? "" : "s");
	return o->here ? host_check(fd, err) : 0;
}

const struct command cmd_image_validate = {
	.name = "validate",
	.within = "image",
	.synopsis = "DIR",
	.brief = "check that an image is whole and can be restored; print what is wrong",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct validate_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_validate,
};
