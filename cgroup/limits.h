/* limits.h - linux.resources as a list of writes
 *
 * limits_v1.c and limits_v2.c turn resources into writes (pure); limits.c carries them out.
 * Sources: runtime-spec 1.3 config-linux.md; the kernel's admin-guide/cgroup-v1/ and
 * admin-guide/cgroup-v2.rst.
 */
#ifndef CKRUN_CGROUP_LIMITS_H
#define CKRUN_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/resources.h"

struct limit {
	const char *field;      /* "memory.limit", below linux.resources */
	const char *controller; /* "memory"; NULL: refused, `value` says why */
	const char *file, *value;
	bool or_next;  /* if this kernel lacks the file, the next limit stands for this one */
	bool optional; /* asks for what holds anyway: a missing file is no loss */
};

struct limits {
	struct arena *arena;
	struct limit *item;
	size_t n;
	bool failed; /* out of memory */
};

/* In the order to write.  A write that says EINVAL may need a later one first (the memory
 * limit may not be above that of memory and swap): it is tried again at the end. */
void limits_v1(struct limits *all, const struct oci_resources *resources);

/* cpu_max is the file's content now ("max 100000"), for a period given without a quota. */
void limits_v2(struct limits *all, const struct oci_resources *resources, const char *cpu_max);

/* --- for the two: add one ------------------------------------------------------------------ */

/* value and the rest as printf(3) */
struct limit *limits_add(struct limits *all, const char *field, const char *controller,
			 const char *file, const char *value, ...)
	__attribute__((format(printf, 5, 6)));
void limits_refuse(struct limits *all, const char *field, const char *why);

/* "-1" or the number; as v2 wants it: "max" or the number */
void limits_add_i64(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_i64 value);
void limits_add_max(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_i64 value);
void limits_add_u64(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_u64 value);

/* cpuset.cpus, cpuset.mems, rdma.max: the same in both */
void limits_add_cpuset(struct limits *all, const struct oci_resources *resources);
void limits_add_rdma(struct limits *all, const struct oci_resources *resources);

#endif
