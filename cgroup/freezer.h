/* freezer.h - naming the task that keeps a cgroup from being frozen */
#ifndef CKRUN_CGROUP_FREEZER_H
#define CKRUN_CGROUP_FREEZER_H

#include "cgroup/set.h"

/* stubborn_find() - "process 71 (dd) does not stop: state D, in system call read" into ret. */
void stubborn_find(const struct group *group, char *ret, size_t size);

#endif
