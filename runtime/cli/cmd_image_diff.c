/* cmd_image_diff.c - what differs between two images; the exit status is that of diff(1) */
#include <stdio.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/image/diff.h"
#include "runtime/image/view.h"

struct diff_options {
	char none;
};

static int opened(const char *path, struct image_view **ret, struct err *err)
{
	scoped_fd int fd = -1;

	if (image_dir_fd(path, &fd, err) < 0)
		return err->code;
	return view_open(fd, ret, err) < 0 ? fail_in(err, "%s", path) : 0;
}

static int run_diff(const struct call *call, const void *options, struct err *err)
{
	scoped(view_close) struct image_view *a = NULL, *b = NULL;

	(void)options;
	if (opened(call->args.v[0], &a, err) < 0 || opened(call->args.v[1], &b, err) < 0)
		return err->code;
	int n = image_diff(a, b, stdout, err);
	return n < 0 ? n : n > 0;
}

const struct command cmd_image_diff = {
	.name = "diff",
	.within = "image",
	.synopsis = "A B",
	.brief = "print tasks, descriptors and pages that differ; exit status 1 if any do",
	.size = sizeof(struct diff_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_diff,
};
