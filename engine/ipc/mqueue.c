/* mqueue.c - POSIX message queues: named to be refused
 *
 * Seen   mqueue file system of the namespace: the one that the bundle mounts (the runtime made it in
 *        there), else one without a place (fsopen(2), Linux 5.2).  Closing such a mount waits
 *        for an RCU grace period, 4 to 30 ms (Linux 6.18), while the tasks stand still.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "engine/engine.h"
#include "engine/ipc/rooms.h"
#include "engine/model/findings.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { MQUEUE_SUPER_MAGIC = 0x19800202 };

/* The bundle's mount of the container's own queues, or -1. */
static int open_mounted(const struct ipc_scene *scene)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;

	for (size_t i = 0; i < scene->n_mounts; i++) {
		if (!scene->mount[i].type || strcmp(scene->mount[i].type, "mqueue") != 0)
			continue;
		scoped_fd int fd = (int)syscall(SYS_openat2, scene->root,
						scene->mount[i].destination, &how, sizeof(how));
		if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == MQUEUE_SUPER_MAGIC)
			return take_fd(&fd);
	}
	return -1;
}

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
	scoped_fd int top = open_mounted(scene);
	int r = top < 0 ? mount_queues(&top, err) : 0;

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
