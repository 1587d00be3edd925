/* v2.c - how a v2 cgroup is born
 *
 * A controller works in a cgroup if every cgroup above has it in cgroup.subtree_control.  One
 * that holds processes cannot have it there (EBUSY; the real root may).  What cannot be turned
 * on is left off: only a limit that needs it is an error, and names it.  In a hybrid layout
 * nothing is turned on: the limits are in v1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/create.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { LIST_MAX = 512 };

/* "+cpu +memory" for each controller of `have` that `on` lacks; both are separated by spaces
 * and end with a newline.  Returns how many. */
static int missing_controllers(char *have, const char *on, char *ret, size_t size)
{
	char *save = NULL, list[LIST_MAX];
	size_t at = 0;
	int n = 0;

	snprintf(list, sizeof(list), "%.*s", (int)strcspn(on, "\n"), on);
	for (char *c = list; *c; c++)
		if (*c == ' ')
			*c = ',';
	for (char *c = strtok_r(have, " \n", &save); c; c = strtok_r(NULL, " \n", &save)) {
		if (layout_has(list, c))
			continue;
		int len = snprintf(ret + at, size - at, "%s+%s", n ? " " : "", c);
		if ((size_t)len >= size - at)
			break;
		at += (size_t)len;
		n++;
	}
	return n;
}

/* Turn on all that dir has for what is below it: all at once, or else one by one. */
static void enable_below(const char *dir)
{
	scoped_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_free char *have = NULL, *on = NULL;
	char want[LIST_MAX] = "", *save = NULL;
	struct err ignored;

	if (fd < 0 || file_read(fd, "cgroup.controllers", &have, &ignored) < 0 ||
	    file_read(fd, "cgroup.subtree_control", &on, &ignored) < 0)
		return;
	int n = missing_controllers(have, on, want, sizeof(want));
	if (!n || file_write(fd, "cgroup.subtree_control", want, &ignored) >= 0 || n == 1)
		return;
	for (char *c = strtok_r(want, " ", &save); c; c = strtok_r(NULL, " ", &save))
		file_write(fd, "cgroup.subtree_control", c, &ignored);
}

static int make_level(const struct group *group, const char *dir, void *ctx, struct err *err)
{
	const enum cgroup_layout *layout = ctx;
	int r = create_mkdir(group, dir, NULL, err);

	if (r >= 0 && *layout == CGROUP_V2 && strcmp(dir, group->dir) != 0)
		enable_below(dir);
	return r;
}

int v2_create(const struct group *group, enum cgroup_layout layout, struct err *err)
{
	if (layout == CGROUP_V2)
		enable_below(group->h->mount);
	return create_each_level(group, make_level, &layout, err);
}
