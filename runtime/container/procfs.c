#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/procfs.h"

enum { PROC_ROOT_INO = 1 }; /* of every procfs, linux/proc_ns.h */

int procfs_open(int *ret_proc, struct err *err)
{
	scoped_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, "/proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INO)
		return fail(err, -EXDEV, "/proc is not the root of a procfs");
	*ret_proc = take_fd(&fd);
	return 0;
}

int procfs_file(int proc, const char *path, int flags, int *ret_fd, struct err *err)
{
	struct open_how how = {
		.flags = (unsigned long long)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, proc, path, &how, sizeof(how));

	if (fd < 0)
		return fail_errno(err, "open /proc/%s", path);
	*ret_fd = (int)fd;
	return 0;
}

int procfs_write(int proc, const char *path, const char *text, struct err *err)
{
	scoped_fd int fd = -1;
	int r = procfs_file(proc, path, O_WRONLY, &fd, err);

	if (r)
		return r;
	if (write(fd, text, strlen(text)) < 0)
		return fail_errno(err, "write \"%.40s\" to /proc/%s", text, path);
	return 0;
}

int procfs_reopen(int proc, int fd, int flags, int *ret_fd, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "self/fd/%d", fd);
	int again = openat(proc, path, flags | O_CLOEXEC);
	if (again < 0)
		return fail_errno(err, "open /proc/%s", path);
	*ret_fd = again;
	return 0;
}

pid_t procfs_self(int proc)
{
	char text[16];
	ssize_t n = readlinkat(proc, "self", text, sizeof(text) - 1);

	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}
