/* mounted.h - the mounts of a bundle, as the engine wants to know them */
#ifndef CKRUN_CONTAINER_MOUNTED_H
#define CKRUN_CONTAINER_MOUNTED_H

#include <stddef.h>

struct bundle_mount;
struct container;
struct err;

/* mounted_by_bundle() - in the container's arena. */
int mounted_by_bundle(const struct container *container, const struct bundle_mount **ret,
		      size_t *ret_n, struct err *err);

#endif
