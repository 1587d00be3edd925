/* mounts.c - the mounts of config.json, in their order
 *
 * Made    every mount is complete - options, attributes, contents - before it is attached, and
 *         attached to a descriptor, so nothing in the tree can redirect it (CVE-2021-30465).
 * Binds   are cloned first of all, while we are who we were on the host.  What an option does
 *         not mention stays as the source has it; "nosuid" of the source is not lost by "ro".
 * Kinds   proc and sysfs need an ordinary directory: a link there would leave us without them
 *         (CVE-2019-19921).  In a procfs only harmless files may be covered, as runc has it.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/mountfd.h"
#include "runtime/container/mounts.h"

static const char *const may_cover[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/net/dev",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
};

static bool on_procfs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

static bool covers_harmless(const char *path)
{
	for (size_t i = 0; i < sizeof(may_cover) / sizeof(*may_cover); i++)
		if (!strcmp(path, may_cover[i]))
			return true;
	return false;
}

int mounts_destination(const struct init *init, const struct oci_mount *mount,
		       unsigned int type, int *ret_fd, struct err *err)
{
	scoped_fd int fd = -1;
	int r = inroot_make(init->root, mount->destination, type, &fd, err);

	if (r)
		return r;
	if (on_procfs(fd) && !covers_harmless(mount->destination))
		return fail(err, -EPERM, "it is inside a procfs");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int attach(int mount, int on, const struct oci_mount *m, struct err *err)
{
	int r = mountfd_attach(mount, on, err);

	/* attached, because a shared parent would share the new mount again */
	return r ? r : mountfd_propagate(mount, m->propagation, err);
}

/* --- binds ------------------------------------------------------------------------------- */

static int clone_source(const struct init *init, const struct oci_mount *m, int *ret_fd,
			struct err *err)
{
	char path[PATH_MAX];
	const char *source = m->source ? m->source : "";
	int n = snprintf(path, sizeof(path), "%s%s%s",
			 *source == '/' ? "" : init->request->bundle, *source == '/' ? "" : "/",
			 source);

	if (!*source)
		return fail(err, -EINVAL, "a bind mount needs a source");
	if (n < 0 || (size_t)n >= sizeof(path))
		return fail(err, -ENAMETOOLONG, "%s", source);
	return mountfd_clone(AT_FDCWD, path, m->is_rbind ? MOUNTFD_TREE : MOUNTFD_ONE, ret_fd,
			     err);
}

int mounts_sources(void *ctx, struct err *err)
{
	struct init *init = ctx;
	size_t n = init->config->n_mounts;

	init->sources = arena_alloc(init->arena, (n + 1) * sizeof(*init->sources));
	if (!init->sources)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct oci_mount *m = &init->config->mounts[i];

		init->sources[i] = -1;
		if (m->is_bind && !(m->flags & MS_REMOUNT) &&
		    clone_source(init, m, &init->sources[i], err))
			return fail_in(err, "mount %s at %s", m->source ? m->source : "",
				       m->destination);
	}
	return 0;
}

static int set_attributes(int mount, const struct oci_mount *m, struct err *err)
{
	uint64_t clear = mountfd_attributes(m->clear_flags);

	if (m->flags & MS_RELATIME) /* the zero of the atime field */
		clear |= MOUNT_ATTR__ATIME;
	return mountfd_set(mount, mountfd_attributes(m->flags), clear, MOUNTFD_ONE, err);
}

static int make_bind(struct init *init, const struct oci_mount *m, int source, struct err *err)
{
	scoped_fd int on = -1;
	struct stat st;
	int r = 0;

	if (fstat(source, &st) < 0)
		return fail_errno(err, "%s", m->source);
	if (!strcmp(m->destination, "/proc") && !on_procfs(source))
		return fail(err, -EPERM, "%s is no procfs", m->source);
	r = mounts_destination(init, m, S_ISDIR(st.st_mode) ? S_IFDIR : S_IFREG, &on, err);
	if (!r)
		r = set_attributes(source, m, err);
	if (!r)
		r = mountfd_set(source, m->rec_attr_set, m->rec_attr_clr, MOUNTFD_TREE, err);
	return r ? r : attach(source, on, m, err);
}

static int remount(struct init *init, const struct oci_mount *m, struct err *err)
{
	scoped_fd int fd = -1;
	int r = inroot_open(init->root, m->destination, O_PATH, INROOT_FOLLOW, &fd, err);

	return r ? r : set_attributes(fd, m, err);
}

/* --- file systems ------------------------------------------------------------------------ */

static int make_plain(struct init *init, const struct oci_mount *m, struct err *err)
{
	scoped_fd int on = -1, fs = -1;
	int r = mounts_destination(init, m, S_IFDIR, &on, err);

	if (!r)
		r = mountfd_new(m->type, m->source, m->flags, m->data, &fs, err);
	return r ? r : attach(fs, on, m, err);
}

static int make_on_ordinary_directory(struct init *init, const struct oci_mount *m,
				      struct err *err)
{
	scoped_fd int fd = inroot_try(init->root, m->destination, O_PATH, INROOT_NO_LINKS);

	if (fd == -ELOOP)
		return fail(err, -ELOOP,
			    "%s must be mounted on an ordinary directory, not on a link",
			    m->type);
	if (fd >= 0)
		close(fd);
	return make_plain(init, m, err);
}

static bool has_mode(const char *data)
{
	const char *at = data ? strstr(data, "mode=") : NULL;

	return at && (at == data || at[-1] == ',');
}

/* Over a directory that was there, a tmpfs takes its mode. */
static int make_tmpfs(struct init *init, const struct oci_mount *m, struct err *err)
{
	scoped_fd int on = -1, fs = -1, from = -1;
	const char *data = m->data;
	struct stat st;
	int there = inroot_try(init->root, m->destination, O_PATH, INROOT_FOLLOW);
	int r = mounts_destination(init, m, S_IFDIR, &on, err);

	if (there >= 0)
		close(there);
	if (r)
		return r;
	if (there >= 0 && !has_mode(data) && !fstat(on, &st))
		data = arena_printf(init->arena, "mode=%o%s%s", st.st_mode & 07777,
				    data ? "," : "", data ? data : "");
	/* read-only comes in rootfs_finish(), when devices and mount points are made */
	r = mountfd_new("tmpfs", m->source, m->flags & ~(unsigned long)MS_RDONLY, data, &fs,
			err);
	if (!r && m->tmpcopyup) {
		r = inroot_open(on, ".", O_RDONLY | O_DIRECTORY, INROOT_FOLLOW, &from, err);
		r = r ? r : mounts_copy(from, fs, err);
	}
	return r ? r : attach(fs, on, m, err);
}

static const struct kind {
	const char *type;
	int (*make)(struct init *init, const struct oci_mount *m, struct err *err);
} kinds[] = {
	{"proc", make_on_ordinary_directory},
	{"sysfs", make_on_ordinary_directory},
	{"tmpfs", make_tmpfs},
	{"cgroup", mounts_cgroup},
	{"cgroup2", mounts_cgroup},
	{NULL, make_plain},
};

static int make_one(struct init *init, size_t i, struct err *err)
{
	const struct oci_mount *m = &init->config->mounts[i];
	const struct kind *kind = kinds;

	if (m->idmap || m->ridmap || m->uid_mappings.n)
		return refuse(err, "mapping ids of a mount is not supported");
	if (m->flags & MS_REMOUNT)
		return remount(init, m, err);
	if (m->is_bind)
		return make_bind(init, m, init->sources[i], err);
	if (!m->type)
		return fail(err, -EINVAL, "neither a type nor \"bind\"");
	while (kind->type && strcmp(kind->type, m->type))
		kind++;
	return kind->make(init, m, err);
}

int mounts_make(void *ctx, struct err *err)
{
	struct init *init = ctx;

	for (size_t i = 0; i < init->config->n_mounts; i++) {
		const struct oci_mount *m = &init->config->mounts[i];
		const char *what = m->source ? m->source : m->type;

		if (make_one(init, i, err))
			return fail_in(err, "mount %s at %s", what ? what : "", m->destination);
	}
	return 0;
}
