/* validation.h - what the rooms of image_validate() share; nobody else includes it */
#ifndef CKRUN_IMAGE_VALIDATION_H
#define CKRUN_IMAGE_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/files.h"
#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/mm.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "engine/image/validate.h"
#include "runtime/base/err.h"

struct image_dir;

struct id_at { /* an id, and which task has it */
	uint32_t id;
	size_t at;
};

struct validation {
	const struct image_dir *dir;
	struct arena *arena;
	struct image_problems found;
	bool no_memory;     /* to list a problem */
	PstreeEntry **task; /* as in pstree.img */
	size_t n_tasks;
	struct id_at *by_pid; /* of all tasks, sorted */
	FileEntry **file;     /* files.img, by id */
	size_t n_files;
};

void problem(struct validation *v, const char *fmt, ...) printf_like(2, 3);
void problem_err(struct validation *v, const struct err *err);

/* problem_missing() - unless it is there or listed: then that was said with the file itself. */
void problem_missing(struct validation *v, enum image_file file, uint64_t id);

/* validate_get() - the only record of a file, or NULL and a problem. */
void *validate_get(struct validation *v, enum image_file file, uint64_t id);
const FileEntry *validate_file(const struct validation *v, uint32_t id);

void ids_sort(struct id_at *ids, size_t n); /* by id, then by place */

void validate_files(struct validation *v);                /* what files refer to */
void validate_tree(struct validation *v);                 /* pstree.img, cores */
void validate_refs(struct validation *v);                 /* other numbers */
void validate_tasks(struct validation *v);                /* what they refer to */
void validate_memory(struct validation *v, uint32_t pid); /* mm, pagemap */

#endif
