#include <errno.h>

#include "cgroup/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/container/container.h"
#include "runtime/container/pause.h"

enum { FREEZE_MS = 10000 };

int container_pause(const struct container *container, struct err *err)
{
	enum container_status status;
	struct cgroup_set *set;

	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status != CONTAINER_RUNNING && status != CONTAINER_CREATED)
		return fail(err, -EBUSY, "container not running");
	if (container_cgroup(container, &set, err) < 0)
		return err->code;
	return cgroup_set_freeze(set, FREEZE_MS, err);
}

int container_resume(const struct container *container, struct err *err)
{
	enum container_status status;
	struct cgroup_set *set;

	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status != CONTAINER_PAUSED)
		return fail(err, -EBUSY, "container not paused");
	if (container_cgroup(container, &set, err) < 0)
		return err->code;
	return cgroup_set_thaw(set, err);
}
