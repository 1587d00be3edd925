/* cmd_image_show.c - what an image holds */
#include <stdbool.h>
#include <stdio.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/image/show.h"
#include "runtime/image/view.h"

struct show_options {
	bool json;
};

/* clang-format off */
static const struct opt rows[] = {
	{"json", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct show_options, json), "",
	 "as JSON"},
};
/* clang-format on */

static int run_show(const struct call *call, const void *options, struct err *err)
{
	const struct show_options *o = options;
	scoped(view_close) struct image_view *view = NULL;
	scoped_free char *text = NULL;
	scoped_fd int fd = -1;

	if (image_dir_fd(call->args.v[0], &fd, err) < 0 || view_open(fd, &view, err) < 0)
		return err->code;
	if (!o->json)
		return show_text(view, stdout, err);
	if (show_json(view, &text, err) < 0)
		return err->code;
	fputs(text, stdout);
	return 0;
}

const struct command cmd_image_show = {
	.name = "show",
	.within = "image",
	.synopsis = "DIR",
	.brief = "print tasks, threads, descriptors and memory of an image",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct show_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_show,
};
