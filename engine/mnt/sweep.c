/* sweep.c - empty a mount for what the image has */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/mnt/tree.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* Linux 5.8 */
#endif

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int sweep_directory(int fd, bool *ret_empty, struct err *err);

static int sweep_below(int dir, const char *name, bool *ret_empty, struct err *err)
{
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, "%s", name);
	return sweep_directory(fd, ret_empty, err) < 0 ? fail_in(err, "%s", name) : 0;
}

static int sweep_one(int dir, const char *name, bool *ret_gone, struct err *err)
{
	struct statx st;
	bool empty = true;
	int r = 0;

	*ret_gone = false;
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) < 0)
		return fail_errno(err, "%s", name);
	bool is_dir = S_ISDIR(st.stx_mode);
	if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT || S_ISCHR(st.stx_mode) ||
	    S_ISBLK(st.stx_mode))
		return 0;
	if (is_dir)
		r = sweep_below(dir, name, &empty, err);
	if (r < 0 || !empty)
		return r;
	if (unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0) < 0)
		return fail_errno(err, "remove %s", name);
	*ret_gone = true;
	return 0;
}

static int sweep_directory(int fd, bool *ret_empty, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	int r = 0;

	if (!dir)
		return fail_errno(err, "list");
	*ret_empty = true;
	for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir)) {
		bool gone = true;

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = sweep_one(dirfd(dir), e->d_name, &gone, err);
		*ret_empty &= gone;
	}
	return r;
}

int tree_sweep(int dir, struct err *err)
{
	bool empty;

	return sweep_directory(dir, &empty, err);
}
