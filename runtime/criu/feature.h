/* feature.h - what `criu check` is asked about, by CRIU's names
 *
 * A feature is there if this kernel has the interface *and* ckrun's engine carries what it is for:
 * whoever asks wants to know whether a checkpoint will work.
 */
#ifndef CKRUN_CRIU_FEATURE_H
#define CKRUN_CRIU_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum feature_class { FEATURE_EXTRA, FEATURE_EXPERIMENTAL };

struct criu_feature {
	const char *name;
	enum feature_class class;
	bool (*kernel)(void); /* NULL: every kernel that ckrun runs on has it */
	const char *lacks;    /* what the engine does not do yet; NULL: it does */
};

/* criu_feature_at() - for lists; NULL at the end. */
const struct criu_feature *criu_feature_at(size_t i);

/* criu_feature_check() - 0, or why not. */
int criu_feature_check(const struct criu_feature *feature, struct err *err);

/* criu_feature_has() - the same by name. */
int criu_feature_has(const char *name, struct err *err);

/* criu_basics_check() - what every dump and restore needs: kernel, permissions. */
int criu_basics_check(struct err *err);

#endif
