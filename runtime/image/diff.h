/* diff.h - what differs between two images of a container */
#ifndef CKRUN_RUNTIME_IMAGE_DIFF_H
#define CKRUN_RUNTIME_IMAGE_DIFF_H

#include <stdint.h>
#include <stdio.h>

struct err;
struct image_view;
struct view_space;

struct diff_pages { /* counts */
	uint64_t same, changed, added, gone;
	uint64_t elsewhere; /* in an earlier image of a chain: not compared */
};

/* diff_pages() - of one address space; either may be NULL. */
struct diff_pages diff_pages(const struct view_space *a, const struct view_space *b);

/* image_diff() - tasks, their descriptors and pages, by pid and number; nothing is written of
 * what is the same.  Returns how many differences there are. */
int image_diff(const struct image_view *a, const struct image_view *b, FILE *out,
	       struct err *err);

#endif
