/* v1.c - how a v1 cgroup is born
 *
 * A new cpuset has no cpus and no memory nodes, and refuses tasks (ENOSPC) until it has both;
 * they are taken from the cgroup above, from the top down.  Since Linux 5.11 memory cgroups
 * are always hierarchical: memory.use_hierarchy needs no care.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/create.h"
#include "cgroup/lib.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

static int inherit(int dir, const char *file, const char *file_above, struct err *err)
{
	scoped_free char *now = NULL, *above = NULL;

	int r = file_read(dir, file, &now, err);
	if (r < 0 || *now != '\n')
		return r;
	r = file_read(dir, file_above, &above, err);
	if (r < 0)
		return r;
	above[strcspn(above, "\n")] = '\0';
	return file_write(dir, file, above, err);
}

static int fill_cpuset(const struct group *group, const char *path, void *ctx, struct err *err)
{
	scoped_fd int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)group;
	(void)ctx;
	int r = dir < 0 ? fail_errno(err, "open")
			: inherit(dir, "cpuset.cpus", "../cpuset.cpus", err);
	if (r >= 0)
		r = inherit(dir, "cpuset.mems", "../cpuset.mems", err);
	return r < 0 ? fail_in(err, "cgroup %s", path) : 0;
}

int v1_create(const struct group *group, struct err *err)
{
	char first[64];
	int r;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(group->h->controllers, ","),
		 group->h->controllers);
	if (lib_knows(first, group->h->mount)) {
		r = lib_create(first, group->name, err);
		if (r < 0)
			return fail_in(err, "cgroup %s", group->dir);
	} else {
		r = create_each_level(group, create_mkdir, NULL, err);
	}
	if (r >= 0 && layout_has(group->h->controllers, "cpuset"))
		r = create_each_level(group, fill_cpuset, NULL, err);
	return r;
}
