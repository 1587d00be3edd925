#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "cgroup/cgroup.h"
#include "oci/spec.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/bundle.h"

static int resolve(struct arena *arena, const char *path, char **ret, struct err *err)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return fail_errno(err, "%s", path);
	*ret = arena_strdup(arena, real);
	return *ret ? 0 : fail(err, -ENOMEM, "out of memory");
}

static int read_text(struct arena *arena, const char *bundle, char **ret, struct err *err)
{
	scoped_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_free char *text = NULL;

	if (dir < 0)
		return fail_errno(err, "open %s", bundle);
	int r = file_read(dir, "config.json", &text, err);
	if (r < 0)
		return r;
	*ret = arena_strdup(arena, text);
	return *ret ? 0 : fail(err, -ENOMEM, "out of memory");
}

static int resolve_root(struct arena *arena, struct bundle *bundle, struct err *err)
{
	const char *root = bundle->config.root.path;
	char *path = root[0] == '/' ? arena_strdup(arena, root)
				    : arena_printf(arena, "%s/%s", bundle->path, root);

	if (!path)
		return fail(err, -ENOMEM, "out of memory");
	if (resolve(arena, path, &bundle->rootfs, err) < 0)
		return fail_in(err, "root.path");
	return 0;
}

int bundle_read(struct arena *arena, const char *path, struct bundle *ret, struct err *err)
{
	struct bundle bundle = {};

	if (resolve(arena, path, &bundle.path, err) < 0 ||
	    read_text(arena, bundle.path, &bundle.text, err) < 0)
		return fail_in(err, "bundle");
	const char *text = bundle.text;
	if (oci_config_parse(arena, text, strlen(text), &bundle.config, err) < 0 ||
	    oci_config_check(&bundle.config, err) < 0 || resolve_root(arena, &bundle, err) < 0)
		return fail_in(err, "bundle");
	*ret = bundle;
	return 0;
}

int bundle_template(char **ret, struct err *err)
{
	enum cgroup_layout layout;

	if (cgroup_layout(&layout, err) < 0)
		return err->code;
	return oci_spec_text(layout == CGROUP_V2 ? OCI_SPEC_CGROUP_V2 : OCI_SPEC_CGROUP_V1, ret,
			     err);
}
