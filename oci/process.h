/* process.h - the process of config.json, and the file of `exec --process`
 *
 * Source: runtime-spec 1.3, config.md "Process".
 */
#ifndef CKRUN_OCI_PROCESS_H
#define CKRUN_OCI_PROCESS_H

#include "oci/types.h"

struct arena;
struct err;

struct oci_user {
	uint32_t uid, gid;
	struct oci_opt_u64 umask; /* at most 07777 */
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

/* Bit n of a mask is capability number n of capabilities(7). */
struct oci_capabilities {
	bool set; /* the object is there; without it every set is empty */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	struct oci_strings unknown; /* names that we do not know: dropped, to be warned about */
};

struct oci_rlimit {
	int resource;        /* RLIMIT_* */
	const char *name;    /* "RLIMIT_NOFILE" */
	uint64_t soft, hard; /* RLIM_INFINITY is 2^64-1 here as there */
};

/* As sched_setattr(2) takes it. */
struct oci_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice, priority;
	uint64_t flags;                     /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* ns */
};

/* As ioprio_set(2) takes it: class << 13 | priority. */
struct oci_io_priority {
	bool set;
	int klass, priority; /* IOPRIO_CLASS_RT 1, BE 2, IDLE 3; 0..7 */
};

struct oci_process {
	bool terminal;
	struct oci_opt_u64 console_height, console_width;
	struct oci_user user;
	struct oci_strings
		args; /* at least one, unless the file came for `exec` options to fill */
	struct oci_strings env; /* every one is NAME=value */
	char *cwd;              /* absolute */
	struct oci_capabilities capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile; /* NULL or "": none */
	char *selinux_label;    /* NULL or "": none */
	struct oci_opt_i64 oom_score_adj;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	char *cpu_affinity_initial, *cpu_affinity_final; /* execCPUAffinity, "0-3,7" */
};

/* oci_process_parse() - the file of `exec --process`, checked by oci_process_check() too.
 * -EINVAL or REFUSED with a sentence that starts with "process: ", -ENOMEM. */
int oci_process_parse(struct arena *arena, const char *text, size_t len,
		      struct oci_process *ret, struct err *err);

/* oci_process_check() - REFUSED, by the field's name, if the process asks for something that
 * ckrun does not do yet; also for one that was put together from options. */
int oci_process_check(const struct oci_process *process, struct err *err);

#endif
