/* value.h - one file of the container's cgroup, read or written */
#ifndef CKRUN_CGROUP_VALUE_H
#define CKRUN_CGROUP_VALUE_H

#include "cgroup/set.h"

/* controller says which of the group's hierarchy; file is "memory.limit_in_bytes". */
int value_write(const struct group *group, const char *controller, const char *file,
		const char *value, struct err *err);
int value_read(const struct group *group, const char *controller, const char *file, char *ret,
	       size_t size, struct err *err);

/* value_exists() - has this kernel the file? */
bool value_exists(const struct group *group, const char *file);

#endif
