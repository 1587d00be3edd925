#include <errno.h>
#include <libcgroup.h>
#include <string.h>

#include "cgroup/lib.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool known; /* cgroup_init() has read what is mounted */

void lib_forget(void)
{
	known = false;
}

/* libcgroup's own codes start at 50000 and most of them hide an errno. */
static int fail_lib(struct err *err, int code, const char *what)
{
	static const struct {
		int code, error;
	} table[] = {
		{ECGROUPNOTEXIST, ENOENT},         {ECGROUPVALUENOTEXIST, ENOENT},
		{ECGROUPNOTALLOWED, EPERM},        {ECGROUPNOTOWNER, EPERM},
		{ECGROUPSUBSYSNOTMOUNTED, ENODEV}, {ECGROUPUNSUPP, EOPNOTSUPP},
	};

	if (code == ECGOTHER && cgroup_get_last_errno()) {
		errno = cgroup_get_last_errno();
		return fail_errno(err, "%s", what);
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].code != code)
			continue;
		errno = table[i].error;
		return fail_errno(err, "%s", what);
	}
	return fail(err, -EIO, "%s: libcgroup: %s", what, cgroup_strerror(code));
}

static void free_cgroup(struct cgroup **group)
{
	if (*group)
		cgroup_free(group);
}

bool lib_knows(const char *controller, const char *mount)
{
	scoped_free char *at = NULL;

	if (!known && cgroup_init() != 0)
		return false;
	known = true;
	return !cgroup_get_subsys_mount_point(controller, &at) && at && !strcmp(at, mount);
}

/* new_group() - a libcgroup record with one controller; NULL: out of memory. */
static struct cgroup *new_group(const char *controller, const char *name,
				struct cgroup_controller **ret)
{
	struct cgroup *group = cgroup_new_cgroup(name);

	*ret = group ? cgroup_add_controller(group, controller) : NULL;
	if (*ret)
		return group;
	free_cgroup(&group);
	return NULL;
}

int lib_create(const char *controller, const char *name, struct err *err)
{
	struct cgroup_controller *ctl;
	scoped(free_cgroup) struct cgroup *group = new_group(controller, name, &ctl);

	if (!group)
		return fail(err, -ENOMEM, "out of memory");
	/* 1: owners and permissions stay as the kernel makes them */
	int r = cgroup_create_cgroup(group, 1);
	return r ? fail_lib(err, r, "create") : 0;
}

int lib_set(const char *controller, const char *name, const char *file, const char *value,
	    struct err *err)
{
	struct cgroup_controller *ctl;
	scoped(free_cgroup) struct cgroup *group = new_group(controller, name, &ctl);

	if (!group)
		return fail(err, -ENOMEM, "out of memory");
	int r = cgroup_set_value_string(ctl, file, value);
	if (!r)
		r = cgroup_modify_cgroup(group);
	if (!r)
		return 0;
	fail_lib(err, r, file);
	return fail_in(err, "write \"%.40s\"", value);
}

int lib_get(const char *controller, const char *name, const char *file, char *ret, size_t size,
	    struct err *err)
{
	scoped_free char *unconst = strdup(file); /* 2.0.2 takes it without const */
	void *handle = NULL;

	if (!unconst)
		return fail(err, -ENOMEM, "out of memory");
	ret[0] = '\0';
	int r = cgroup_read_value_begin(controller, name, unconst, &handle, ret, (int)size);
	if (handle)
		cgroup_read_value_end(&handle);
	if (r && r != ECGEOF)
		return fail_lib(err, r, file);
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}
