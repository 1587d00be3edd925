/* cmd_image_core.c - an ELF core of a task, for debuggers */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/image/core.h"
#include "runtime/image/view.h"

struct core_options {
	const char *output, *rootfs;
};

/* clang-format off */
static const struct opt rows[] = {
	{"output", 'o', OPT_TEXT, OPT_TAKEN, offsetof(struct core_options, output), "FILE",
	 "write to FILE (default: core.PID)"},
	{"rootfs", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct core_options, rootfs), "DIR",
	 "put in the contents of mapped files, found below DIR"},
};
/* clang-format on */

static int pid_of(const char *text, uint32_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	unsigned long pid = strtoul(text, &end, 10);
	if (errno || end == text || *end || pid > INT32_MAX)
		return fail(err, -EINVAL, "%s is no pid", text);
	*ret = (uint32_t)pid;
	return 0;
}

static int core_to(const struct image_view *view, uint32_t pid, int rootfs, const char *path,
		   struct err *err)
{
	scoped_fd int out =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (out < 0)
		return fail_errno(err, "create %s", path);
	if (image_core(view, pid, rootfs, out, err) == 0)
		return 0;
	unlink(path); /* half a core would mislead */
	return err->code;
}

static int run_core(const struct call *call, const void *options, struct err *err)
{
	const struct core_options *o = options;
	scoped(view_close) struct image_view *view = NULL;
	scoped_fd int dir = -1, rootfs = -1;
	const char *path = o->output;
	uint32_t pid = 0;

	if (pid_of(call->args.v[1], &pid, err) < 0 ||
	    image_dir_fd(call->args.v[0], &dir, err) < 0 ||
	    (o->rootfs && image_dir_fd(o->rootfs, &rootfs, err) < 0) ||
	    view_open(dir, &view, err) < 0)
		return err->code;
	if (!path)
		path = arena_printf(call->arena, "core.%u", pid);
	return path ? core_to(view, pid, rootfs, path, err)
		    : fail(err, -ENOMEM, "out of memory");
}

const struct command cmd_image_core = {
	.name = "core",
	.within = "image",
	.synopsis = "DIR PID",
	.brief = "make an ELF core of a task, for gdb",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct core_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_core,
};
