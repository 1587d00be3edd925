/* cmd_image_edit.c - change what will be restored */
#include <stdio.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/image_file.h"
#include "runtime/cli/report.h"
#include "runtime/image/edit.h"

struct edit_options {
	const char *hostname, *domainname;
	struct opt_list path, unix_name, address;
};

/* clang-format off */
static const struct opt rows[] = {
	{"hostname", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct edit_options, hostname), "NAME",
	 "the host name of the container"},
	{"domainname", 0, OPT_TEXT, OPT_TAKEN, offsetof(struct edit_options, domainname), "NAME",
	 "its NIS domain name"},
	{"path", 0, OPT_LIST, OPT_TAKEN, offsetof(struct edit_options, path), "OLD=NEW",
	 "of open and mapped files, working directories: OLD and what is below it"},
	{"unix", 0, OPT_LIST, OPT_TAKEN, offsetof(struct edit_options, unix_name), "OLD=NEW",
	 "of unix sockets; @NAME is one without a file"},
	{"address", 0, OPT_LIST, OPT_TAKEN, offsetof(struct edit_options, address), "OLD=NEW",
	 "of IPv4 and IPv6 sockets, at either end"},
};
/* clang-format on */

static struct edit_rules rules(const struct opt_list *list)
{
	return (struct edit_rules){list->value, list->n};
}

static int run_edit(const struct call *call, const void *options, struct err *err)
{
	const struct edit_options *o = options;
	const struct edit_request request = {
		.hostname = o->hostname,
		.domainname = o->domainname,
		.path = rules(&o->path),
		.unix_name = rules(&o->unix_name),
		.address = rules(&o->address),
	};
	scoped_fd int fd = -1;
	size_t n = 0;

	if (image_dir_fd(call->args.v[0], &fd, err) < 0 ||
	    image_edit(fd, &request, &n, err) < 0)
		return err->code;
	report_debug(call->global, "image edit %s: %zu records changed", call->args.v[0], n);
	return 0;
}

const struct command cmd_image_edit = {
	.name = "edit",
	.within = "image",
	.synopsis = "DIR",
	.brief = "change names, paths and addresses that will be restored",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct edit_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_edit,
};
