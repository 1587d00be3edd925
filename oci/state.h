/* state.h - the state of a container as JSON
 *
 * Source: runtime-spec 1.3, runtime.md "State"; the members beyond it (rootfs, created, owner)
 * are those of `runc state` and `runc list`, which engines and scripts read.
 */
#ifndef CKRUN_OCI_STATE_H
#define CKRUN_OCI_STATE_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct oci_pairs;

struct oci_state {
	const char *version; /* ociVersion of the bundle's config */
	const char *id;
	const char *status;                  /* creating, created, running, paused, stopped */
	pid_t pid;                           /* in the runtime's pid namespace; 0: no process */
	const char *bundle;                  /* absolute */
	const struct oci_pairs *annotations; /* NULL: none */
	const char *rootfs;                  /* absolute */
	const char *created;                 /* "2026-05-01T10:00:00.123456789Z" */
	const char *owner;                   /* user name; NULL or "" for none */
};

/* All three hand out a text that is the caller's to free; -ENOMEM, -EINVAL. */

/* oci_state_for_hook() - the specification's members in one line, for a hook's stdin. */
int oci_state_for_hook(const struct oci_state *state, char **ret, struct err *err);

/* oci_state_text() - what `ckrun state` prints. */
int oci_state_text(const struct oci_state *state, char **ret, struct err *err);

/* oci_state_list() - what `ckrun list --format json` prints: an array, perhaps empty. */
int oci_state_list(const struct oci_state *state, size_t n, char **ret, struct err *err);

#endif
