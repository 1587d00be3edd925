/* timers.c - libFuzzer: no text breaks the reader of /proc/PID/timers */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/timers.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = strndup((const char *)data, size);
	struct timers timers;
	struct err err = {};

	if (arena && text && timers_parse(text, arena, &timers, &err) < 0 && !err.n)
		abort();
	free(text);
	arena_free(&arena);
	return 0;
}
