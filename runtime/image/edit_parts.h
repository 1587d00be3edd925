/* edit_parts.h - what the rooms of image_edit() share; nobody else includes it */
#ifndef CKRUN_RUNTIME_IMAGE_EDIT_PARTS_H
#define CKRUN_RUNTIME_IMAGE_EDIT_PARTS_H

#include <stdbool.h>

#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/ns.pb-c.h"
#include "runtime/image/edit.h"

struct arena;

struct edit {
	const struct edit_request *request;
	struct arena *arena;
	bool no_memory;
};

/* A rule taken apart. */
struct edit_rule {
	const char *old, *new;
	size_t old_len;
};

int edit_rule(const char *text, struct arena *arena, struct edit_rule *ret, struct err *err);

/* edit_NAME() - apply one rule to a file; true if it fits.  Rules were checked before. */
bool edit_path(struct edit *edit, const struct edit_rule *rule, FileEntry *file);
bool edit_unix(struct edit *edit, const struct edit_rule *rule, FileEntry *file);
bool edit_address(struct edit *edit, const struct edit_rule *rule, FileEntry *file);

int edit_path_check(const struct edit_rule *rule, struct err *err);
int edit_unix_check(const struct edit_rule *rule, struct err *err);
int edit_address_check(const struct edit_rule *rule, struct err *err);

#endif
