/* tasks.h - the ids in one hierarchy: file is "cgroup.procs", "tasks" or "cgroup.threads" */
#ifndef CKRUN_CGROUP_TASKS_H
#define CKRUN_CGROUP_TASKS_H

#include "cgroup/set.h"

/* Of the group and all below it, each once, ascending.  -EXDEV as cgroup_set_tasks(). */
int tasks_of_group(const struct group *group, const char *file, struct arena *arena,
		   pid_t **ret, size_t *ret_n, struct err *err);

#endif
