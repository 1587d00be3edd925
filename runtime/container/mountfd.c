#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/mountfd.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif

static const struct {
	unsigned long ms;
	uint64_t attribute;
} attributes[] = {
	{MS_RDONLY, MOUNT_ATTR_RDONLY},         {MS_NOSUID, MOUNT_ATTR_NOSUID},
	{MS_NODEV, MOUNT_ATTR_NODEV},           {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
	{MS_NOATIME, MOUNT_ATTR_NOATIME},       {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
	{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}, {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
};

/* Flags of the superblock, by the names that fsconfig(2) knows. */
static const struct {
	unsigned long ms;
	const char *name;
} superblock[] = {
	{MS_SYNCHRONOUS, "sync"},
	{MS_DIRSYNC, "dirsync"},
	{MS_MANDLOCK, "mand"},
	{MS_LAZYTIME, "lazytime"},
};

/* File systems without a device: one superblock may serve many mounts (sysfs, cgroup), or is
 * filled after it was made (tmpfs).  Read-only is then the mount's affair alone. */
static const char *const without_device[] = {
	"tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2",
};

static bool has_device(const char *type)
{
	for (size_t i = 0; i < sizeof(without_device) / sizeof(*without_device); i++)
		if (!strcmp(type, without_device[i]))
			return false;
	return true;
}

uint64_t mountfd_attributes(unsigned long ms)
{
	uint64_t attr = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (ms & attributes[i].ms)
			attr |= attributes[i].attribute;
	return attr;
}

/* The kernel leaves its reasons in the descriptor of fsopen(2), a line each: "e tmpfs: Bad
 * value for 'size'". */
static int fail_fs(int fs, const char *what, struct err *err)
{
	int saved = errno;
	char line[256];
	ssize_t n = read(fs, line, sizeof(line) - 1);

	errno = saved;
	if (n <= 2)
		return fail_errno(err, "%s", what);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return fail(err, -saved, "%s: %s", what, line + 2);
}

static int set_option(int fs, char *option, struct err *err)
{
	char *value = strchr(option, '=');
	char what[96];

	snprintf(what, sizeof(what), "option %s", option);
	if (value)
		*value++ = '\0';
	if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0) < 0)
		return fail_fs(fs, what, err);
	return 0;
}

static int set_options(int fs, const char *data, struct err *err)
{
	scoped_free char *copy = strdup(data ? data : "");
	char *rest = copy;
	int r = 0;

	if (!copy)
		return fail(err, -ENOMEM, "out of memory");
	for (char *option; !r && (option = strsep(&rest, ","));)
		if (*option)
			r = set_option(fs, option, err);
	return r;
}

static int set_superblock(int fs, const char *type, unsigned long ms, struct err *err)
{
	for (size_t i = 0; i < sizeof(superblock) / sizeof(*superblock); i++)
		if (ms & superblock[i].ms &&
		    fsconfig(fs, FSCONFIG_SET_FLAG, superblock[i].name, NULL, 0) < 0)
			return fail_fs(fs, superblock[i].name, err);
	if (ms & MS_RDONLY && has_device(type) &&
	    fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fail_fs(fs, "ro", err);
	return 0;
}

int mountfd_new(const char *type, const char *source, unsigned long ms, const char *data,
		int *ret_fd, struct err *err)
{
	scoped_fd int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return fail_errno(err, "file system type %s", type);
	if (source && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fail_fs(fs, source, err);
	int r = set_superblock(fs, type, ms, err);
	if (!r)
		r = set_options(fs, data, err);
	if (r)
		return r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_fs(fs, type, err);
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)mountfd_attributes(ms));
	if (fd < 0)
		return fail_fs(fs, type, err);
	*ret_fd = fd;
	return 0;
}

int mountfd_clone(int dir, const char *path, enum mountfd_depth depth, int *ret_fd,
		  struct err *err)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

	if (depth == MOUNTFD_TREE)
		flags |= AT_RECURSIVE;
	if (!*path)
		flags |= AT_EMPTY_PATH;
	int fd = open_tree(dir, path, flags);
	if (fd < 0)
		return *path ? fail_errno(err, "open %s", path) : fail_errno(err, "bind");
	*ret_fd = fd;
	return 0;
}

int mountfd_set(int mount, uint64_t set, uint64_t clear, enum mountfd_depth depth,
		struct err *err)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear};

	/* the kernel wants the field of atime cleared before it is set */
	if ((set | clear) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (!attr.attr_set && !attr.attr_clr)
		return 0;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (depth == MOUNTFD_TREE ? AT_RECURSIVE : 0),
			  &attr, sizeof(attr)) < 0)
		return fail_errno(err, "set mount attributes %#llx",
				  (unsigned long long)attr.attr_set);
	return 0;
}

int mountfd_propagate(int mount, unsigned long propagation, struct err *err)
{
	struct mount_attr attr = {.propagation = propagation & ~(unsigned long)MS_REC};

	if (!propagation)
		return 0;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (propagation & MS_REC ? AT_RECURSIVE : 0),
			  &attr, sizeof(attr)) < 0)
		return fail_errno(err, "set propagation");
	return 0;
}

int mountfd_attach(int mount, int on, struct err *err)
{
	if (move_mount(mount, "", on, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_errno(err, "attach the mount");
	return 0;
}
