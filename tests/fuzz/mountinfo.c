/* mountinfo.c - libFuzzer: no text breaks the reader of /proc/PID/mountinfo */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/mountinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = strndup((const char *)data, size);
	struct mountinfo list;
	struct err err = {};

	if (arena && text && mountinfo_parse(text, arena, &list, &err) < 0 && !err.n)
		abort();
	free(text);
	arena_free(&arena);
	return 0;
}
