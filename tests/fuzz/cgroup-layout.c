/* cgroup-layout.c - libFuzzer: no /proc/self/cgroup and mountinfo break the reader of hierarchies
 *
 * The input is the two texts, the second after the first byte 0. */
#include <stdlib.h>
#include <string.h>

#include "cgroup/layout.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool is_visible(const char *mount, dev_t dev)
{
	return strlen(mount) + (size_t)dev != 7;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_new();
	char *self = arena ? arena_alloc(arena, size + 2) : NULL;
	struct hierarchies all = {};
	struct err err = {};

	if (self) {
		memcpy(self, data, size);
		size_t len = strlen(self);
		const char *mounts = len < size ? self + len + 1 : "";

		if (layout_parse(arena, self, mounts, is_visible, &all, &err) < 0 && !err.n)
			abort();
		for (size_t i = 0; i < all.n; i++)
			if (all.item[i].v2 != !*all.item[i].controllers)
				abort();
	}
	arena_free(&arena);
	return 0;
}
