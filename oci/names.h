/* names.h - tables of the names that config.json uses for the kernel's numbers
 *
 * The parser reads with them and `ckrun features` lists them, so neither can promise what the
 * other does not know.  A table ends with a row without a name.
 */
#ifndef CKRUN_OCI_NAMES_H
#define CKRUN_OCI_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct oci_name {
	const char *name;
	uint64_t value;
};

bool oci_name_value(const struct oci_name *table, const char *name, uint64_t *ret);
const char *oci_name_of(const struct oci_name *table, uint64_t value); /* NULL: none */

const struct oci_name *oci_capability_names(void);  /* "CAP_KILL": 5 */
const struct oci_name *oci_namespace_names(void);   /* "mount": CLONE_NEWNS */
const struct oci_name *oci_rlimit_names(void);      /* "RLIMIT_NOFILE": RLIMIT_NOFILE */
const struct oci_name *oci_seccomp_actions(void);   /* "SCMP_ACT_ERRNO": SCMP_ACT_ERRNO(0) */
const struct oci_name *oci_seccomp_operators(void); /* "SCMP_CMP_EQ": SCMP_CMP_EQ */
const struct oci_name *oci_seccomp_archs(void);     /* "SCMP_ARCH_X86": SCMP_ARCH_X86 */
const struct oci_name *oci_seccomp_flags(void);     /* SECCOMP_FILTER_FLAG_* */

#endif
