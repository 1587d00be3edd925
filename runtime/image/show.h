/* show.h - what an image holds, task by task */
#ifndef CKRUN_RUNTIME_IMAGE_SHOW_H
#define CKRUN_RUNTIME_IMAGE_SHOW_H

#include <stdint.h>
#include <stdio.h>

struct err;
struct image_view;
struct view_space;

/* show_text() - first the tree as `ps f` draws it, then each task: threads, directories,
 * descriptors, regions of memory. */
int show_text(const struct image_view *view, FILE *out, struct err *err);

/* show_json() - the same as JSON, the caller's to free. */
int show_json(const struct image_view *view, char **ret, struct err *err);

/* show_region_pages() - how many pages of each region the image has, in the order of
 * space->mm->vmas; from the arena.  NULL: out of memory. */
const uint64_t *show_region_pages(const struct image_view *view,
				  const struct view_space *space);

#endif
