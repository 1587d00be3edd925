/* linux.h - the linux section of config.json
 *
 * Source: runtime-spec 1.3, config-linux.md.
 */
#ifndef CKRUN_OCI_LINUX_H
#define CKRUN_OCI_LINUX_H

#include "oci/resources.h"
#include "oci/seccomp.h"
#include "oci/types.h"

struct oci_namespace {
	unsigned long flag; /* CLONE_NEW*; every one at most once */
	char *path;         /* absolute: joined; NULL: made */
};

struct oci_device {
	char type;  /* 'b', 'c' or 'p'; "u" is 'c' */
	char *path; /* absolute, in the container */
	int64_t major, minor;
	struct oci_opt_u64 file_mode; /* not set: 0666 */
	struct oci_opt_u64 uid, gid;  /* not set: 0 */
};

struct oci_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_id_maps uid_mappings, gid_mappings;
	struct oci_device *devices; /* beyond the default ones */
	size_t n_devices;
	char *cgroups_path; /* NULL: the runtime's choice */
	struct oci_resources resources;
	struct oci_pairs sysctl;
	struct oci_seccomp seccomp;
	unsigned long
		rootfs_propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with
					   * MS_REC for the "r" forms; 0: not given */
	struct oci_strings masked_paths, readonly_paths; /* absolute */
	char *mount_label;
	bool intel_rdt;                 /* the object is there and not empty */
	bool memory_policy;             /* likewise */
	struct oci_opt_u64 personality; /* PER_LINUX or PER_LINUX32 */
	struct oci_time_offset monotonic, boottime;
	bool net_devices; /* some are named */
};

struct arena;

const char *oci_namespace_name(unsigned long flag); /* "mount"; NULL: no such */
unsigned long oci_namespace_flag(const char *name); /* CLONE_NEWNS; 0: no such */

/* oci_linux_namespace() - NULL: the container shares the runtime's. */
const struct oci_namespace *oci_linux_namespace(const struct oci_linux *lin,
						unsigned long flag);

/* oci_sysctl_path() - "net.ipv4.ip_forward" or "net/ipv4/ip_forward" as the latter, the path
 * below /proc/sys.  A dot after a first slash stays ("net/ipv4/conf/eth0.5/forwarding"), and
 * after a first dot a slash stands for one, as sysctl(8) reads it.  NULL: out of memory. */
char *oci_sysctl_path(struct arena *arena, const char *key);

#endif
