#include <errno.h>

#include "engine/kernel/runs.h"
#include "runtime/base/arena.h"

int runs_add(struct runs *runs, struct arena *arena, uint64_t start, uint64_t end)
{
	struct run *more;

	if (runs->n && runs->run[runs->n - 1].end == start) {
		runs->run[runs->n - 1].end = end;
		return 0;
	}
	more = arena_grow(arena, runs->run, runs->n, sizeof(*runs->run));
	if (!more)
		return -ENOMEM;
	runs->run = more;
	runs->run[runs->n++] = (struct run){start, end};
	return 0;
}

uint64_t runs_bytes(const struct runs *runs)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < runs->n; i++)
		sum += runs->run[i].end - runs->run[i].start;
	return sum;
}
