/* features.h - what this build can do, for `ckrun features`
 *
 * Source: runtime-spec 1.3, features.md.  Nothing is written down twice: names come from the
 * tables that the parser reads with, and each is listed only if oci_config_check() lets a
 * config with it pass.
 */
#ifndef CKRUN_OCI_FEATURES_H
#define CKRUN_OCI_FEATURES_H

struct err;

/* oci_features_text() - the JSON; the caller's to free. */
int oci_features_text(char **ret, struct err *err);

#endif
