/* devices.c - /dev: the nodes every container has, those of linux.devices, the usual links
 *
 * /dev is the image's until something is mounted there: it is opened once, in the root, and
 * everything is made relative to that descriptor, the last component never followed.  A node
 * that exists must be the device it should be (CVE-2025-31133).  Where mknod(2) is not allowed
 * (user namespaces) the host's node is bound, after its numbers were checked.
 * A bind mount on /dev means that the host's directory is to be used as it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/mountfd.h"

/* A node to make, and where the host has its own. */
struct node {
	const char *path;
	mode_t type, mode;
	dev_t rdev;
	uid_t uid;
	gid_t gid;
};

static const struct {
	const char *path;
	unsigned int major, minor;
} defaults[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
	{"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"},
};

static bool is_device(const struct node *node, const struct stat *st)
{
	return (st->st_mode & S_IFMT) == node->type &&
	       (node->type == S_IFIFO || st->st_rdev == node->rdev);
}

/* EPERM: no mknod(2) here.  The file to bind on may be left from another start. */
static int bind_host_device(const struct node *node, int dir, const char *name, struct err *err)
{
	scoped_fd int tree = -1;
	struct stat st;
	int r = mountfd_clone(AT_FDCWD, node->path, MOUNTFD_ONE, &tree, err);

	if (r)
		return fail_in(err, "the host's");
	if (fstat(tree, &st) < 0 || !is_device(node, &st))
		return fail(err, -ENODEV, "the host's %s is another device", node->path);
	int made = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (made >= 0)
		close(made);
	scoped_fd int on = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (on < 0)
		return fail_errno(err, "make a file to bind on");
	return mountfd_attach(tree, on, err);
}

static int own(const struct node *node, int dir, const char *name, struct err *err)
{
	if (fchownat(dir, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "chown");
	if (fchmodat(dir, name, node->mode, 0) < 0) /* made by us, no link */
		return fail_errno(err, "chmod");
	return 0;
}

static int make_node(const struct node *node, int dir, const char *name, struct err *err)
{
	struct stat st;

	if (!mknodat(dir, name, node->type | 0600, node->rdev))
		return own(node, dir, name, err);
	if (errno == EPERM && node->type != S_IFIFO)
		return bind_host_device(node, dir, name, err);
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "mknod");
	if (!is_device(node, &st))
		return fail(err, -EEXIST,
			    "the root file system has something else in its place");
	return 0;
}

static int make_default(const struct init *init, size_t i, struct err *err)
{
	const struct node node = {
		.path = defaults[i].path,
		.type = S_IFCHR,
		.mode = 0666,
		.rdev = makedev(defaults[i].major, defaults[i].minor),
	};

	return make_node(&node, init->dev, node.path + strlen("/dev/"), err);
}

static int make_listed(const struct init *init, const struct oci_device *device,
		       struct err *err)
{
	const struct node node = {
		.path = device->path,
		.type = device->type == 'b'   ? S_IFBLK
			: device->type == 'p' ? S_IFIFO
					      : S_IFCHR,
		.mode = device->file_mode.set ? (mode_t)device->file_mode.value & 07777 : 0666,
		.rdev = device->type == 'p' ? 0
					    : makedev((unsigned int)device->major,
						      (unsigned int)device->minor),
		.uid = (uid_t)device->uid.value,
		.gid = (gid_t)device->gid.value,
	};
	scoped_fd int dir = -1;
	const char *name;
	int r;

	if (!strncmp(node.path, "/dev/", 5) && !strchr(node.path + 5, '/'))
		return make_node(&node, init->dev, node.path + 5, err);
	r = inroot_parent(init->root, node.path, &dir, &name, err);
	return r ? r : make_node(&node, dir, name, err);
}

static int make_link(int dev, const char *name, const char *target, struct err *err)
{
	if (!strcmp(name, "ptmx") && unlinkat(dev, name, 0) < 0 && errno != ENOENT)
		return fail_errno(err, "replace");
	if (symlinkat(target, dev, name) < 0 && errno != EEXIST)
		return fail_errno(err, "link");
	return 0;
}

static bool is_bound(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const char *path = config->mounts[i].destination;
		if (config->mounts[i].is_bind &&
		    (!strcmp(path, "/dev") || !strcmp(path, "/dev/")))
			return true;
	}
	return false;
}

int devices_make(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct oci_linux *lin = &init->config->linux_;
	int r = inroot_make(init->root, "/dev", S_IFDIR, &init->dev, err);

	if (r || is_bound(init->config))
		return r;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		if (make_default(init, i, err))
			return fail_in(err, "%s", defaults[i].path);
	for (size_t i = 0; i < lin->n_devices; i++)
		if (make_listed(init, &lin->devices[i], err))
			return fail_in(err, "%s", lin->devices[i].path);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (make_link(init->dev, links[i].name, links[i].target, err))
			return fail_in(err, "/dev/%s", links[i].name);
	return 0;
}
