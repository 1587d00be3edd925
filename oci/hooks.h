/* hooks.h - the hooks of config.json
 *
 * Source: runtime-spec 1.3, config.md "POSIX-platform Hooks".
 */
#ifndef CKRUN_OCI_HOOKS_H
#define CKRUN_OCI_HOOKS_H

#include "oci/types.h"

enum oci_hook_kind { /* in the order in which they run */
		     OCI_HOOK_PRESTART,
		     OCI_HOOK_CREATE_RUNTIME,
		     OCI_HOOK_CREATE_CONTAINER,
		     OCI_HOOK_START_CONTAINER,
		     OCI_HOOK_POSTSTART,
		     OCI_HOOK_POSTSTOP,
		     OCI_HOOK_KINDS,
};

struct oci_hook {
	char *path;                 /* absolute */
	struct oci_strings args;    /* with argv[0]; item is NULL: argv is the path alone */
	struct oci_strings env;     /* item is NULL: an empty environment */
	struct oci_opt_i64 timeout; /* seconds, above 0 */
};

struct oci_hook_list {
	struct oci_hook *item; /* in the order of the file, which is the order to run */
	size_t n;
};

const char *oci_hook_name(enum oci_hook_kind kind); /* "createRuntime" */

#endif
