/* runs.h - ranges of pages in ascending order, neighbours joined */
#ifndef CKRUN_KERNEL_RUNS_H
#define CKRUN_KERNEL_RUNS_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct run {
	uint64_t start, end; /* bytes: addresses, or offsets in a file */
};

struct runs {
	size_t n;
	struct run *run;
};

/* runs_add() - at the end; joined with the last run where that one ends.
 * -ENOMEM: `runs` is as before. */
int runs_add(struct runs *runs, struct arena *arena, uint64_t start, uint64_t end);

uint64_t runs_bytes(const struct runs *runs);

#endif
