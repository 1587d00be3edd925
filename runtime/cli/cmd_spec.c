/* cmd_spec.c - write a config.json to start from */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/container/bundle.h"

struct spec_options {
	const char *bundle;
};

/* clang-format off */
static const struct opt rows[] = {
	{"bundle", 'b', OPT_TEXT, OPT_TAKEN, offsetof(struct spec_options, bundle), "DIR",
	 "where to write it (default: the current directory)"},
	{"rootless", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
};
/* clang-format on */

static int run_spec(const struct call *call, const void *options, struct err *err)
{
	const struct spec_options *o = options;
	const char *bundle = o->bundle ? o->bundle : ".";
	scoped_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_free char *text = NULL;

	(void)call;
	if (dir < 0)
		return fail_errno(err, "open %s", bundle);
	if (faccessat(dir, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(err, -EEXIST, "file config.json exists. Remove it first");
	if (bundle_template(&text, err) < 0)
		return err->code;
	return file_replace(dir, "config.json", text, strlen(text), 0666, err);
}

const struct command cmd_spec = {
	.name = "spec",
	.synopsis = "",
	.brief = "write a config.json to start from",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct spec_options),
	.run = run_spec,
};
