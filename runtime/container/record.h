/* record.h - what ckrun remembers of a container: state.json in its state directory
 *
 * The bundle may change or go after `create`; what later commands need of config.json is read
 * from the copy beside this file.  Everything lives in the caller's arena.
 */
#ifndef CKRUN_CONTAINER_RECORD_H
#define CKRUN_CONTAINER_RECORD_H

#include <stdbool.h>

#include "cgroup/cgroup.h"
#include "runtime/container/process_id.h"

struct arena;
struct err;

struct record {
	char *id;
	char *bundle, *rootfs;     /* absolute */
	char *created;             /* RFC 3339, UTC, nanoseconds */
	char *owner;               /* name of the user who created it */
	struct process_id init;    /* pid 0 while it is being made */
	struct process_id creator; /* the ckrun that makes it */
	struct cgroup_path *cgroup;
	size_t n_cgroup;
	char *stdio[3]; /* links of the init's descriptors 0-2 ("pipe:[1]") at the start; NULL:
			 * unknown */
};

/* record_parse() - -EINVAL with the field's name; -ENOMEM. */
int record_parse(struct arena *arena, const char *text, struct record *ret, struct err *err);

/* record_text() - JSON; the caller's to free. */
int record_text(const struct record *record, char **ret, struct err *err);

#endif
