/* bundle.h - a directory with config.json and, mostly, the root file system */
#ifndef CKRUN_CONTAINER_BUNDLE_H
#define CKRUN_CONTAINER_BUNDLE_H

#include "oci/config.h"

struct arena;
struct err;

struct bundle {
	char *path;   /* absolute, no symbolic links */
	char *rootfs; /* absolute, no symbolic links */
	char *text;   /* of config.json */
	struct oci_config config;
};

/* bundle_read() - read, parse, and refuse what ckrun cannot do; -EINVAL, REFUSED by field. */
int bundle_read(struct arena *arena, const char *path, struct bundle *ret, struct err *err);

/* bundle_template() - a config.json to start from, as this host's cgroups want it; the caller's
 * to free. */
int bundle_template(char **ret, struct err *err);

#endif
