/* masks.c - maskedPaths and readonlyPaths
 *
 * Masked files are covered by the container's own /dev/null, checked to be device 1:3 (a link
 * or file in its place would give the file's contents away, CVE-2025-31133); masked directories
 * by one empty read-only tmpfs for all.  Read-only paths are bound on themselves.  A path that
 * is not there is skipped, as the specification has it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/init.h"
#include "runtime/container/inroot.h"
#include "runtime/container/mountfd.h"

struct covers {
	int null;  /* O_PATH of the container's /dev/null */
	int empty; /* mount of an empty tmpfs; -1: not needed yet */
};

static int open_null(const struct init *init, int *ret_fd, struct err *err)
{
	scoped_fd int fd = -1;
	struct stat st;
	int r = inroot_open(init->dev, "null", O_PATH | O_NOFOLLOW, INROOT_NO_LINKS, &fd, err);

	if (r)
		return r;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return fail(err, -ENODEV, "/dev/null is not the null device");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int cover_directory(struct covers *covers, int on, struct err *err)
{
	scoped_fd int fd = -1;
	int r = 0;

	if (covers->empty < 0) {
		r = mountfd_new("tmpfs", "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1,mode=755",
				&covers->empty, err);
		return r ? r : mountfd_attach(covers->empty, on, err);
	}
	r = mountfd_clone(covers->empty, "", MOUNTFD_ONE, &fd, err);
	return r ? r : mountfd_attach(fd, on, err);
}

static int cover_file(const struct covers *covers, int on, struct err *err)
{
	scoped_fd int fd = -1;
	int r = mountfd_clone(covers->null, "", MOUNTFD_ONE, &fd, err);

	return r ? r : mountfd_attach(fd, on, err);
}

static int mask(const struct init *init, struct covers *covers, const char *path,
		struct err *err)
{
	scoped_fd int on = inroot_try(init->root, path, O_PATH, INROOT_FOLLOW);
	struct stat st;

	if (on == -ENOENT || on == -ENOTDIR)
		return 0;
	if (on < 0)
		return fail(err, on, "%s", strerrordesc_np(-on));
	if (fstat(on, &st) < 0)
		return fail_errno(err, "stat");
	return S_ISDIR(st.st_mode) ? cover_directory(covers, on, err)
				   : cover_file(covers, on, err);
}

static int protect(const struct init *init, const char *path, struct err *err)
{
	scoped_fd int on = inroot_try(init->root, path, O_PATH, INROOT_FOLLOW);
	scoped_fd int tree = -1;
	int r = 0;

	if (on == -ENOENT || on == -ENOTDIR)
		return 0;
	if (on < 0)
		return fail(err, on, "%s", strerrordesc_np(-on));
	r = mountfd_clone(on, "", MOUNTFD_TREE, &tree, err);
	if (!r)
		r = mountfd_set(tree, MOUNT_ATTR_RDONLY, 0, MOUNTFD_TREE, err);
	return r ? r : mountfd_attach(tree, on, err);
}

int masks_make(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct oci_strings *masked = &init->config->linux_.masked_paths;
	const struct oci_strings *read_only = &init->config->linux_.readonly_paths;
	struct covers covers = {-1, -1};
	int r = masked->n ? open_null(init, &covers.null, err) : 0;

	for (size_t i = 0; !r && i < read_only->n; i++)
		if (protect(init, read_only->item[i], err))
			r = fail_in(err, "linux.readonlyPaths: %s", read_only->item[i]);
	for (size_t i = 0; !r && i < masked->n; i++)
		if (mask(init, &covers, masked->item[i], err))
			r = fail_in(err, "linux.maskedPaths: %s", masked->item[i]);
	scope_close(&covers.null);
	scope_close(&covers.empty);
	return r;
}
