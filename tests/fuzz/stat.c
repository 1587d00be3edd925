/* stat.c - libFuzzer: no line breaks the reader of /proc/PID/stat */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/stat.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct stat_task task;
	struct err err = {};
	char *text = strndup((const char *)data, size);

	if (text && stat_parse(text, &task, &err) < 0 && !err.n)
		abort();
	free(text);
	return 0;
}
