/* seccomp.h - linux.seccomp of config.json, its names turned into libseccomp's numbers
 *
 * Source: runtime-spec 1.3, config-linux.md "Seccomp".  Names of system calls stay names: which
 * of them exist depends on the architecture (unknown ones are skipped by every runtime).
 *
 * Two conditions on the same argument in one rule cannot be one libseccomp rule: such a rule is
 * added once per condition, as runc does (any of them matches).  A rule whose action is the
 * default action is not added.
 */
#ifndef CKRUN_OCI_SECCOMP_H
#define CKRUN_OCI_SECCOMP_H

#include <seccomp.h>

#include "oci/types.h"

struct oci_syscall_rule {
	struct oci_strings names;
	uint32_t action;           /* SCMP_ACT_*, the errno of ERRNO and TRACE inside */
	struct scmp_arg_cmp *args; /* arg, op, datum_a = value, datum_b = valueTwo; for
				    * SCMP_CMP_MASKED_EQ the mask is datum_a, as in the file */
	size_t n_args;
};

struct oci_seccomp {
	bool set; /* the object is there */
	uint32_t default_action;
	uint32_t *archs; /* SCMP_ARCH_*; none: the native one */
	size_t n_archs;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* of linux/seccomp.h */
	char *listener_path, *listener_metadata;
	struct oci_syscall_rule *syscalls;
	size_t n_syscalls;
};

#endif
