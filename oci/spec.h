/* spec.h - the config.json that `ckrun spec` writes: `sh` on a terminal, as runc's
 *
 * Indented with tabs, members in the order of the specification's Go types.
 */
#ifndef CKRUN_OCI_SPEC_H
#define CKRUN_OCI_SPEC_H

struct err;

enum oci_spec_cgroup {
	OCI_SPEC_CGROUP_V1, /* no cgroup namespace, as runc on v1 and hybrid hosts */
	OCI_SPEC_CGROUP_V2, /* with one */
};

/* oci_spec_text() - the caller's to free. */
int oci_spec_text(enum oci_spec_cgroup cgroup, char **ret, struct err *err);

#endif
