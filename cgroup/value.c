#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/lib.h"
#include "cgroup/value.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

static int open_group(const struct group *group, int *ret_fd, struct err *err)
{
	int fd = open(group->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, "open");
	*ret_fd = fd;
	return 0;
}

bool value_exists(const struct group *group, const char *file)
{
	scoped_fd int fd = open(group->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && !faccessat(fd, file, F_OK, 0);
}

int value_write(const struct group *group, const char *controller, const char *file,
		const char *value, struct err *err)
{
	scoped_fd int fd = -1;
	int r;

	if (*controller && lib_knows(controller, group->h->mount)) {
		r = lib_set(controller, group->name, file, value, err);
	} else {
		r = open_group(group, &fd, err);
		r = r < 0 ? r : file_write(fd, file, value, err);
	}
	return r < 0 ? fail_in(err, "cgroup %s", group->dir) : 0;
}

int value_read(const struct group *group, const char *controller, const char *file, char *ret,
	       size_t size, struct err *err)
{
	scoped_free char *text = NULL;
	scoped_fd int fd = -1;
	int r;

	if (*controller && lib_knows(controller, group->h->mount)) {
		r = lib_get(controller, group->name, file, ret, size, err);
	} else {
		r = open_group(group, &fd, err);
		r = r < 0 ? r : file_read(fd, file, &text, err);
		if (r >= 0)
			snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
	}
	return r < 0 ? fail_in(err, "cgroup %s", group->dir) : 0;
}
