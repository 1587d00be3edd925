/* rootfs.c - from the host's tree to a root of the container's own
 *
 * The root file system becomes a mount of its own (a recursive clone of itself, on itself), is
 * filled through its descriptor, and takes the place of the old root: pivot_root(".", ".") puts
 * the old root on top of the new one, from where it is detached.  Propagation of the old tree
 * is rootfsPropagation, else slave: mounts of the host may come in, none of ours gets out.
 * Without pivot (initramfs cannot be pivoted away) the new root is moved onto "/" and entered by
 * chroot(2); procfs and sysfs of the host are unmounted first, for they are what a process that
 * breaks out of a chroot looks for.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/mountfd.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* Linux 5.8 */
#endif

/* In a shared tree our mount on the root would show up in the host's namespace. */
static int make_parent_private(const char *rootfs, struct err *err)
{
	scoped_fd int dir = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx st = {0};

	while (dir >= 0) {
		if (statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
			break;
		if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			return mountfd_propagate(dir, MS_PRIVATE, err);
		int up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = up;
	}
	return fail_errno(err, "the mount that %s is in", rootfs);
}

int rootfs_prepare(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const char *path = init->request->rootfs;
	unsigned long propagation = init->config->linux_.rootfs_propagation;
	int r = 0;

	if (mount(NULL, "/", NULL, propagation ? propagation : MS_SLAVE | MS_REC, NULL) < 0)
		return fail_errno(err, "set the propagation of /");
	if (propagation & MS_SHARED)
		r = make_parent_private(path, err);
	scoped_fd int on = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!r && on < 0)
		r = fail_errno(err, "root file system %s", path);
	if (!r)
		r = mountfd_clone(AT_FDCWD, path, MOUNTFD_TREE, &init->root, err);
	if (!r)
		r = mountfd_attach(init->root, on, err);
	return r;
}

static int pivot(int root, struct err *err)
{
	scoped_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0 || fchdir(root) < 0)
		return fail_errno(err, "enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail_errno(err, "pivot_root");
	/* so that detaching is not repeated by the host */
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail_errno(err, "leave the old root");
	return 0;
}

/* One line of mountinfo: "ID PARENT DEV ROOT PATH OPTIONS ... - TYPE SOURCE OPTIONS". */
static int hide_mount(const char *line, const char *rootfs, struct err *err)
{
	char path[PATH_MAX], type[32];
	const char *tail = strstr(line, " - ");

	if (!tail || sscanf(line, "%*d %*d %*s %*s %4095s", path) != 1 ||
	    sscanf(tail, " - %31s", type) != 1)
		return fail(err, -EPROTO, "mountinfo: %s", line);
	if ((strcmp(type, "proc") && strcmp(type, "sysfs")) ||
	    !strncmp(path, rootfs, strlen(rootfs)))
		return 0;
	/* EINVAL: locked by a user namespace, or gone with its parent */
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		return fail_errno(err, "unmount %s", path);
	return 0;
}

static int hide_host(const struct init *init, struct err *err)
{
	scoped_free char *text = NULL;
	int r = file_read(init->proc, "self/mountinfo", &text, err);
	char *rest = text;

	for (char *line; !r && (line = strsep(&rest, "\n"));)
		if (*line)
			r = hide_mount(line, init->request->rootfs, err);
	return r;
}

static int move_to_root(const struct init *init, struct err *err)
{
	int r = hide_host(init, err);

	if (r)
		return r;
	if (fchdir(init->root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return fail_errno(err, "move the root file system to /");
	if (chroot(".") < 0 || chdir("/") < 0)
		return fail_errno(err, "chroot");
	return 0;
}

int rootfs_pivot(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return init->request->no_pivot ? move_to_root(init, err) : pivot(init->root, err);
}

/* They had to be written to until now. */
static int tmpfs_read_only(const struct init *init, struct err *err)
{
	for (size_t i = 0; i < init->config->n_mounts; i++) {
		const struct oci_mount *m = &init->config->mounts[i];
		scoped_fd int fd = -1;
		int r = 0;

		if (m->is_bind || !m->type || strcmp(m->type, "tmpfs") ||
		    !(m->flags & MS_RDONLY))
			continue;
		r = inroot_open(init->root, m->destination, O_PATH, INROOT_FOLLOW, &fd, err);
		if (!r)
			r = mountfd_set(fd, MOUNT_ATTR_RDONLY, 0, MOUNTFD_ONE, err);
		if (r)
			return fail_in(err, "%s", m->destination);
	}
	return 0;
}

int rootfs_finish(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	unsigned long propagation = init->config->linux_.rootfs_propagation;
	int r = tmpfs_read_only(init, err);

	if (!r && init->config->root.readonly)
		r = mountfd_set(init->root, MOUNT_ATTR_RDONLY, 0, MOUNTFD_ONE, err);
	if (!r)
		r = mountfd_propagate(init->root, propagation & ~(unsigned long)MS_REC, err);
	return r ? fail_in(err, "/") : 0;
}
