/* mount.h - the mounts of config.json, their options taken apart
 *
 * Source: runtime-spec 1.3, config.md "Mounts" and config-linux.md "Mount options"; mount(2),
 * mount_setattr(2).  Options that are none of the specification's are the file system's own and
 * are handed on as `data`, which is how runc takes them.
 */
#ifndef CKRUN_OCI_MOUNT_H
#define CKRUN_OCI_MOUNT_H

#include "oci/types.h"

struct arena;
struct err;

struct oci_mount {
	char *destination; /* absolute */
	char *source; /* NULL: none given; a relative path of a bind mount is under the bundle */
	char *type;   /* NULL: none given, as with binds; "cgroup" stands for v1 and v2 */
	struct oci_strings options; /* as written */

	unsigned long flags; /* MS_*, without MS_BIND, MS_REC and propagation */
	unsigned long
		clear_flags; /* MS_* that an option switched off: "rw", "dev", "exec", ... */
	unsigned long
		propagation; /* MS_SHARED, MS_SLAVE, ..., perhaps with MS_REC; 0: none asked */
	uint64_t rec_attr_set; /* MOUNT_ATTR_* of "rro", "rnosuid", ... */
	uint64_t rec_attr_clr; /* MOUNT_ATTR_* of "rrw", "rsuid", ... */
	bool is_bind;          /* "bind", "rbind", or type "bind" */
	bool is_rbind;         /* the whole tree below source */
	bool tmpcopyup;        /* fill the tmpfs with what the root file system has there */
	bool idmap, ridmap;    /* mapped by uid_mappings, or by the container's */
	char *data;            /* the options left over, joined by commas; NULL: none */
	struct oci_id_maps uid_mappings, gid_mappings;
};

/* oci_mount_options() - takes mount->options apart into the fields below them; as the parser
 * does for every mount.  -EINVAL for options that contradict each other. */
int oci_mount_options(struct arena *arena, struct oci_mount *mount, struct err *err);

/* oci_mount_option_name() - the i-th option known, in alphabetic order; NULL past the last. */
const char *oci_mount_option_name(size_t i);

#endif
