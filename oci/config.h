/* config.h - config.json as structs
 *
 * Source: runtime-spec 1.3, config.md.  The parser is strict about what it knows (type, range,
 * required fields, absolute paths, names) and, as the specification wants, silent about fields
 * that it does not know.  What ckrun knows but cannot do is refused by oci_config_check().
 */
#ifndef CKRUN_OCI_CONFIG_H
#define CKRUN_OCI_CONFIG_H

#include "oci/hooks.h"
#include "oci/linux.h"
#include "oci/mount.h"
#include "oci/process.h"
#include "oci/types.h"

#define OCI_VERSION "1.3.0" /* the newest that we know */

struct arena;
struct err;

struct oci_root {
	char *path; /* as written: absolute, or relative to the bundle */
	bool readonly;
};

struct oci_config {
	char *version;    /* ociVersion, 1.x */
	bool has_process; /* `create` may go without, `start` may not */
	struct oci_process process;
	struct oci_root root;
	char *hostname, *domainname; /* NULL: leave it */
	struct oci_mount *mounts;    /* in the order to mount */
	size_t n_mounts;
	struct oci_hook_list hooks[OCI_HOOK_KINDS];
	struct oci_pairs annotations;
	struct oci_linux linux_;
};

/* oci_config_parse() - text, len bytes of it, into *ret.
 * -EINVAL and a sentence "config.json: linux.resources.memory.limit: ...", -ENOMEM. */
int oci_config_parse(struct arena *arena, const char *text, size_t len, struct oci_config *ret,
		     struct err *err);

/* oci_config_check() - REFUSED, by the field's name, if the config asks for something that ckrun
 * does not do yet; nothing is half-honoured. */
int oci_config_check(const struct oci_config *config, struct err *err);

/* oci_config_annotation() - the value, or NULL. */
const char *oci_config_annotation(const struct oci_config *config, const char *key);

#endif
