/* bundle_mounts.h - every mount that a container has by its bundle, told to the engine
 *
 * Those of config.json that make a mount, then what the runtime makes by itself: maskedPaths
 * ("masked"), readonlyPaths ("readonly"), /dev/console if there is a terminal ("bind").
 */
#ifndef CKRUN_CONTAINER_BUNDLE_MOUNTS_H
#define CKRUN_CONTAINER_BUNDLE_MOUNTS_H

#include <stddef.h>

struct arena;
struct bundle_mount;
struct err;
struct oci_config;

int bundle_mounts(const struct oci_config *config, struct arena *arena,
		  const struct bundle_mount **ret, size_t *ret_n, struct err *err);

#endif
