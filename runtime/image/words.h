/* words.h - the numbers of an image in words, for people
 *
 * Everything is from the arena and printable: what an image says never reaches a terminal as
 * a control character.  NULL: out of memory.
 */
#ifndef CKRUN_RUNTIME_IMAGE_WORDS_H
#define CKRUN_RUNTIME_IMAGE_WORDS_H

#include <stdint.h>

#include "runtime/image/view.h"

/* plain_text() - control characters as \ooo; NULL is "". */
const char *plain_text(struct arena *arena, const char *text);
const char *plain_bytes(struct arena *arena, const void *data, size_t len);

/* file_kind() - "file", "pipe", "tcp": what an open file is. */
const char *file_kind(const FileEntry *file);

/* file_text() - which one: a path, an address, a number. */
const char *file_text(const struct image_view *view, const FileEntry *file);

/* file_access() - "r", "w", "rw", and what else open(2) was told: "rw append nonblock". */
const char *file_access(const struct image_view *view, const FileEntry *file);

/* region_kind() - "heap", "stack", "file", "shared"; region_text() - its file or name. */
const char *region_kind(const VmaEntry *vma);
const char *region_text(const struct image_view *view, const VmaEntry *vma);

/* file_of_region() - that it maps, or NULL. */
const FileEntry *file_of_region(const struct image_view *view, const VmaEntry *vma);

const char *size_text(struct arena *arena, uint64_t bytes); /* "1.2 MiB" */
const char *state_text(const struct view_task *task);       /* "alive", "stopped", "zombie" */

#endif
