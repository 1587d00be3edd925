/* limits.c - libFuzzer: no text breaks the reader of /proc/PID/limits */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/limits.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct limits limits;
	struct err err = {};
	char *text = strndup((const char *)data, size);

	if (text && limits_parse(text, &limits, &err) < 0 && !err.n)
		abort();
	free(text);
	return 0;
}
