/* mount_cgroup.c - the cgroup hierarchies inside a container
 *
 * v2   one mount.
 * v1   a tmpfs with a directory for each hierarchy, and links ("cpu" -> "cpu,cpuacct") for
 *      controllers that share one; on hybrid hosts "unified" is one of them.
 * With a cgroup namespace a new mount of the hierarchy shows the container's own cgroup as its
 * root; without, that cgroup's directory is bound.  The container is in its cgroup by now.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cgroup/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/mountfd.h"
#include "runtime/container/mounts.h"

static int make_hierarchy(const struct init *init, const struct oci_mount *m,
			  const struct cgroup_mount *hierarchy, int *ret_fd, struct err *err)
{
	scoped_fd int fd = -1;
	int r;

	if (oci_linux_namespace(&init->config->linux_, CLONE_NEWCGROUP))
		r = mountfd_new(hierarchy->type, "cgroup", m->flags, hierarchy->options, &fd,
				err);
	else
		r = mountfd_clone(AT_FDCWD, hierarchy->dir, MOUNTFD_ONE, &fd, err);
	if (!r)
		r = mountfd_set(fd, mountfd_attributes(m->flags), 0, MOUNTFD_ONE, err);
	if (!r)
		*ret_fd = take_fd(&fd);
	return r;
}

static int add_hierarchy(const struct init *init, const struct oci_mount *m,
			 const struct cgroup_mount *hierarchy, int dir, struct err *err)
{
	scoped_fd int fd = -1;
	int r = make_hierarchy(init, m, hierarchy, &fd, err);

	if (r)
		return r;
	if (mkdirat(dir, hierarchy->name, 0755) < 0)
		return fail_errno(err, "make a directory");
	scoped_fd int on = openat(dir, hierarchy->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (on < 0)
		return fail_errno(err, "open the directory");
	for (size_t i = 0; i < hierarchy->n_links; i++)
		if (symlinkat(hierarchy->name, dir, hierarchy->links[i]) < 0)
			return fail_errno(err, "link %s", hierarchy->links[i]);
	return mountfd_attach(fd, on, err);
}

static int make_all(const struct init *init, const struct oci_mount *m,
		    const struct cgroup_mount *list, size_t n, int on, struct err *err)
{
	scoped_fd int dir = -1;
	int r = mountfd_new("tmpfs", "tmpfs", m->flags & ~(unsigned long)MS_RDONLY,
			    "mode=755,size=1m", &dir, err);

	if (!r)
		r = mountfd_attach(dir, on, err);
	for (size_t i = 0; !r && i < n; i++)
		if (add_hierarchy(init, m, &list[i], dir, err))
			return fail_in(err, "cgroup hierarchy %s", list[i].name);
	if (!r && m->flags & MS_RDONLY)
		r = mountfd_set(dir, MOUNT_ATTR_RDONLY, 0, MOUNTFD_ONE, err);
	return r ? r : mountfd_propagate(dir, m->propagation, err);
}

static int make_v2(const struct init *init, const struct oci_mount *m,
		   const struct cgroup_mount *hierarchy, int on, struct err *err)
{
	scoped_fd int fd = -1;
	int r = make_hierarchy(init, m, hierarchy, &fd, err);

	if (!r)
		r = mountfd_attach(fd, on, err);
	return r ? r : mountfd_propagate(fd, m->propagation, err);
}

int mounts_cgroup(struct init *init, const struct oci_mount *m, struct err *err)
{
	const struct cgroup_mount *list = NULL;
	scoped_fd int on = -1;
	size_t n = 0;
	int r;

	if (!init->request->cgroup)
		return fail(err, -ENOENT, "the container has no cgroup");
	r = cgroup_set_mounts(init->request->cgroup, init->arena, &list, &n, err);
	if (!r)
		r = mounts_destination(init, m, S_IFDIR, &on, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].type, "cgroup2") &&
		    (!*list[i].name || !strcmp(m->type, "cgroup2")))
			return make_v2(init, m, &list[i], on, err);
	if (!strcmp(m->type, "cgroup2"))
		return fail(err, -ENOENT, "this host has no cgroup v2");
	return make_all(init, m, list, n, on, err);
}
