/* section.h - the readers of config.json's sections, as fields of what holds them
 *
 * A row names one of these as its reader; what it stores is said behind it.
 */
#ifndef CKRUN_OCI_SECTION_H
#define CKRUN_OCI_SECTION_H

#include "oci/field.h"

field_reader section_process;      /* struct oci_process */
field_reader section_capabilities; /* struct oci_capabilities */
field_reader section_mounts;       /* struct oci_mount pointer and count */
field_reader section_hooks;        /* struct oci_hook_list [OCI_HOOK_KINDS] */
field_reader section_linux;        /* struct oci_linux */
field_reader section_resources;    /* struct oci_resources */
field_reader section_seccomp;      /* struct oci_seccomp */
field_reader section_id_maps;      /* struct oci_id_maps */

/* section_sysctl_check() - every sysctl belongs to a namespace that the container has. */
struct oci_linux;
int section_sysctl_check(const struct field_at *linux_at, const struct oci_linux *lin);

#endif
