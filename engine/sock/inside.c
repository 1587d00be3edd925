#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/sock/inside.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static int go(int root, const char *dir, struct err *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0)
		return fail_errno(err, "enter the container's root directory");
	if (chdir(dir ? dir : "/") < 0)
		return fail_errno(err, "chdir %s", dir ? dir : "/");
	return 0;
}

static int answer(int from, pid_t pid, struct err *err)
{
	struct err said;
	int status;

	ssize_t n = read(from, &said, sizeof(said));
	if (waitpid(pid, &status, 0) < 0)
		return fail_errno(err, "waitpid");
	if (n != sizeof(said))
		return fail(err, -EIO, "a child ended with status 0x%x", (unsigned int)status);
	if (said.code < 0)
		*err = said;
	return said.code;
}

int inside(int root, const char *dir, inside_fn *fn, void *arg, struct err *err)
{
	int end[2];

	if (pipe2(end, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe2");
	scoped_fd int from = end[0];
	scoped_fd int to = end[1];
	pid_t pid = fork();
	if (pid < 0)
		return fail_errno(err, "fork");
	if (pid == 0) {
		struct err said = {0};

		if (go(root, dir, &said) == 0)
			fn(arg, &said);
		(void)!write(to, &said, sizeof(said));
		_exit(0);
	}
	scope_close(&to);
	to = -1;
	return answer(from, pid, err);
}

int inside_nowhere(struct err *err)
{
	scoped_fd int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return fail_errno(err, "fsopen tmpfs");
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_errno(err, "make a tmpfs");
	int root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return root < 0 ? fail_errno(err, "mount a tmpfs") : root;
}
