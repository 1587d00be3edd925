/* mount_copy.c - fill a new tmpfs with what it is going to cover (tmpcopyup)
 *
 * Kept: type, mode, owner, contents, link targets.  Not followed: links, mounts below.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/mounts.h"

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int copy_contents(int from, const char *name, int to, const struct stat *st)
{
	scoped_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_fd int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = 1;

	if (in < 0 || out < 0)
		return -1;
	for (off_t left = st->st_size; n > 0 && left > 0; left -= n)
		n = sendfile(out, in, NULL, (size_t)left);
	return n < 0 ? -1 : 0;
}

static int copy_link(int from, const char *name, int to)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to, name);
}

static int copy_directory(int from, const char *name, int to, struct err *err)
{
	scoped_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return fail_errno(err, "%s", name);
	scoped_fd int out = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return fail_errno(err, "%s", name);
	return mounts_copy(in, out, err) ? fail_in(err, "%s", name) : 0;
}

static int copy_one(int from, const char *name, int to, struct err *err)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "%s", name);
	if (S_ISDIR(st.st_mode)) {
		r = copy_directory(from, name, to, err);
		if (r)
			return r;
	} else if (S_ISREG(st.st_mode)) {
		r = copy_contents(from, name, to, &st);
	} else if (S_ISLNK(st.st_mode)) {
		r = copy_link(from, name, to);
	} else {
		r = mknodat(to, name, st.st_mode, st.st_rdev);
	}
	if (r < 0 || fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0))
		return fail_errno(err, "copy %s", name);
	return 0;
}

int mounts_copy(int from, int to, struct err *err)
{
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped(close_dir) DIR *dir = again < 0 ? NULL : fdopendir(again);

	if (!dir)
		return fail_errno(err, "read the directory");
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		int r = copy_one(from, entry->d_name, to, err);
		if (r)
			return r;
	}
	return 0;
}
