/* cmd_image_decode.c - a file of an image as JSON */
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/cli/report.h"
#include "runtime/image/codec.h"

struct decode_options {
	const char *output;
	bool compact;
};

/* clang-format off */
static const struct opt rows[] = {
	{"output", 'o', OPT_TEXT, OPT_TAKEN, offsetof(struct decode_options, output), "FILE",
	 "write to FILE (default: standard output)"},
	{"compact", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct decode_options, compact), "",
	 "on one line"},
};
/* clang-format on */

static void warn_inexact(const struct call *call, const char *name)
{
	struct err err = {};

	fail(&err, -EBADMSG,
	     "%s: encoding it again gives other bytes of the same meaning: it was not written "
	     "as "
	     "ckrun and CRIU do",
	     name);
	report_warning(call->global, &err);
}

static int run_decode(const struct call *call, const void *options, struct err *err)
{
	const struct decode_options *o = options;
	const char *path = call->args.v[0], *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	scoped_free char *data = NULL, *text = NULL;
	size_t len;

	if (file_load(path, DECODE_MAX, &data, &len, err) < 0 ||
	    image_decode(name, data, len, o->compact ? JSON_COMPACT : JSON_SPACES, &text, err) <
		    0)
		return err->code;
	if (!image_decoded_exactly(text, data, len))
		warn_inexact(call, name);
	return file_save(o->output, text, strlen(text), err);
}

const struct command cmd_image_decode = {
	.name = "decode",
	.within = "image",
	.synopsis = "FILE",
	.brief = "print a file of an image as JSON, with the names that crit has",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct decode_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_decode,
};
