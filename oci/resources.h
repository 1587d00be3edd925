/* resources.h - linux.resources of config.json, and the file of `update --resources`
 *
 * Source: runtime-spec 1.3, config-linux.md "Control groups".  Units are those of the cgroup
 * files.  Engines write 0 where they mean "leave it": a value that 0 makes no sense for
 * (cpu.shares, cpu.quota, blockIO.weight, memory limits, pids.limit, ...) is then not set.
 */
#ifndef CKRUN_OCI_RESOURCES_H
#define CKRUN_OCI_RESOURCES_H

#include "oci/types.h"

struct arena;
struct err;

struct oci_device_rule {
	bool allow;
	char type;                       /* 'a', 'b' or 'c'; 'a' if the file does not say */
	struct oci_opt_i64 major, minor; /* not set, or -1: all */
	bool read, write, mknod;
};

struct oci_memory {
	struct oci_opt_i64 limit, reservation, swap, kernel,
		kernel_tcp;            /* bytes; -1: no limit */
	struct oci_opt_u64 swappiness; /* 0..100 */
	struct oci_opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu {
	struct oci_opt_u64 shares, period, burst, realtime_period; /* us but for shares */
	struct oci_opt_i64 quota, realtime_runtime;                /* us; -1: no limit */
	struct oci_opt_i64 idle;                                   /* 0 or 1 */
	char *cpus, *mems;                                         /* "0-3,7"; NULL: leave it */
};

struct oci_block_weight {
	int64_t major, minor;
	struct oci_opt_u64 weight, leaf_weight;
};

struct oci_block_rate {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations per second */
};

struct oci_block_rates {
	struct oci_block_rate *item;
	size_t n;
};

struct oci_block_io {
	struct oci_opt_u64 weight, leaf_weight; /* 10..1000 */
	struct oci_block_weight *weight_device;
	size_t n_weight_device;
	struct oci_block_rates read_bps, write_bps, read_iops, write_iops;
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;  /* bytes */
};

struct oci_net_priority {
	char *name;
	uint32_t priority;
};

struct oci_rdma {
	char *device;
	struct oci_opt_u64 hca_handles, hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices; /* in order; the last that matches wins */
	size_t n_devices;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_opt_i64 pids_limit; /* -1: no limit */
	struct oci_block_io block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_opt_u64 net_class_id;
	struct oci_net_priority *net_priorities;
	size_t n_net_priorities;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_pairs
		unified; /* "memory.high": "1073741824", written as they are, cgroup v2 */
};

/* oci_resources_parse() - the file of `update --resources`.
 * -EINVAL with a sentence that starts with "resources: ", -ENOMEM. */
int oci_resources_parse(struct arena *arena, const char *text, size_t len,
			struct oci_resources *ret, struct err *err);

#endif
