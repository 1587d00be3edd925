/* maps.c - libFuzzer: no text breaks the reader of maps and smaps */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/maps.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = strndup((const char *)data, size);
	struct maps maps;
	struct err err = {};

	if (arena && text && maps_parse(text, arena, &maps, &err) < 0 && !err.n)
		abort();
	free(text);
	arena_free(&arena);
	return 0;
}
