/* console.c - a pseudoterminal of the container's own devpts
 *
 * Both ends come from one descriptor: /dev/ptmx is checked to be device 5:2, the other end is
 * asked for with TIOCGPTPEER (Linux 4.13) instead of by its path, which the container controls
 * (CVE-2025-52565).  The master goes out through the console socket; the slave becomes stdio and
 * controlling terminal, and for an init also /dev/console.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/base/sock.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/mountfd.h"
#include "runtime/container/procfs.h"

enum { PTMX_MAJOR = 5, PTMX_MINOR = 2, PTS_MAJOR_FIRST = 136, PTS_MAJOR_LAST = 143 };

static int open_master(const struct init *init, int *ret_fd, struct err *err)
{
	scoped_fd int fd = -1, seen = -1;
	struct stat st;
	int zero = 0;
	/* "pts/ptmx" of the link is relative: /dev serves as the root of the look-up */
	int r = inroot_open(init->dev, "ptmx", O_PATH, INROOT_FOLLOW, &seen, err);

	if (r)
		return r;
	if (fstat(seen, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return fail(err, -ENODEV, "/dev/ptmx is not the pseudoterminal multiplexer");
	r = procfs_reopen(init->proc, seen, O_RDWR | O_NOCTTY, &fd, err);
	if (r)
		return r;
	if (ioctl(fd, TIOCSPTLCK, &zero) < 0)
		return fail_errno(err, "unlock the pseudoterminal");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_slave(int master, int *ret_fd, struct err *err)
{
	scoped_fd int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, "the other end of the pseudoterminal");
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) < PTS_MAJOR_FIRST ||
	    major(st.st_rdev) > PTS_MAJOR_LAST)
		return fail(err, -ENODEV, "the other end of the pseudoterminal is no terminal");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int set_size(const struct oci_process *process, int master, struct err *err)
{
	const struct winsize size = {
		.ws_row = (unsigned short)process->console_height.value,
		.ws_col = (unsigned short)process->console_width.value,
	};

	if (!process->console_height.set && !process->console_width.set)
		return 0;
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail_errno(err, "set the size of the terminal");
	return 0;
}

static int bind_console(const struct init *init, int slave, struct err *err)
{
	scoped_fd int tree = -1;
	int r = mountfd_clone(slave, "", MOUNTFD_ONE, &tree, err);

	if (r)
		return r;
	int made = openat(init->dev, "console", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (made >= 0)
		close(made);
	scoped_fd int on = openat(init->dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (on < 0 || fstat(on, &st) < 0)
		return fail_errno(err, "open");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return fail(err, -EPERM, "it is a %s",
			    S_ISDIR(st.st_mode) ? "directory" : "link");
	return mountfd_attach(tree, on, err);
}

static int become_controlling(int slave, struct err *err)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return fail_errno(err, "stdio");
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return fail_errno(err, "make it the controlling terminal");
	return 0;
}

int console_make(void *ctx, struct err *err)
{
	struct init *init = ctx;
	scoped_fd int master = -1, slave = -1;
	int r = 0;

	if (!init->process->terminal)
		return 0;
	if (init->request->console_socket < 0)
		return fail(err, -EINVAL, "process.terminal needs a console socket");
	if (init->request->mode == SPAWN_EXEC)
		r = inroot_open(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY, INROOT_FOLLOW,
				&init->dev, err);
	if (!r)
		r = open_master(init, &master, err);
	if (!r)
		r = open_slave(master, &slave, err);
	if (!r)
		r = set_size(init->process, master, err);
	if (!r && init->request->mode != SPAWN_EXEC && bind_console(init, slave, err))
		r = fail_in(err, "/dev/console");
	if (!r)
		r = sock_send_fd(init->request->console_socket, master, "/dev/ptmx", err);
	return r ? r : become_controlling(slave, err);
}
