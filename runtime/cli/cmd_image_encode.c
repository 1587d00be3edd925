/* cmd_image_encode.c - the file of an image from its JSON */
#include <errno.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/image/codec.h"
#include "runtime/image/out.h"

struct encode_options {
	const char *output;
};

/* clang-format off */
static const struct opt rows[] = {
	{"output", 'o', OPT_TEXT, OPT_TAKEN, offsetof(struct encode_options, output), "FILE",
	 "the file to write, - for standard output"},
};
/* clang-format on */

static int run_encode(const struct call *call, const void *options, struct err *err)
{
	const struct encode_options *o = options;
	scoped(out_free) struct bytes_out out = {};
	scoped_free char *text = NULL;
	size_t len;

	if (!o->output)
		return fail(err, -EINVAL, "--output says where the file goes");
	if (file_load(call->args.v[0], ENCODE_MAX, &text, &len, err) < 0 ||
	    image_encode(text, len, &out, err) < 0)
		return err->code;
	return file_save(o->output, out.data, out.len, err);
}

const struct command cmd_image_encode = {
	.name = "encode",
	.within = "image",
	.synopsis = "FILE.json",
	.brief = "make a file of an image from what decode printed",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct encode_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_encode,
};
