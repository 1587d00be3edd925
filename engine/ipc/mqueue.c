/* mqueue.c - POSIX message queues: named to be refused
 *
 * Seen   mqueue file system of the namespace, mounted for the moment without a place (fsopen(2),
 *        Linux 5.2): the container may not have it mounted, or elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "engine/ipc/rooms.h"
#include "engine/model/findings.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static int mount_queues(int *ret_fd, struct err *err)
{
	scoped_fd int fs = fsopen("mqueue", FSOPEN_CLOEXEC);

	if (fs < 0 && errno == ENODEV)
		return -ENODEV;
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_errno(err, "mount message queues");
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return fail_errno(err, "mount message queues");
	*ret_fd = fd;
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int mqueue_look(const struct ipc_scene *scene, struct err *err)
{
	scoped_fd int top = -1;
	int r = mount_queues(&top, err);

	if (r < 0)
		return r == -ENODEV ? 0 : r; /* a kernel without them */
	int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped(close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fail_errno(err, "list message queues");
	for (struct dirent *e = readdir(dir); e && r >= 0; e = readdir(dir))
		if (e->d_name[0] != '.')
			r = findings_add(
				scene->refused, err,
				"POSIX message queue /%s cannot be carried yet; remove "
				"it with mq_unlink(3)",
				e->d_name);
	return r;
}
