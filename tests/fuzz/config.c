/* config.c - libFuzzer: no text breaks the readers of config.json, `exec` and `update`
 *
 * Seeds: what engines write. */
#include <stdlib.h>
#include <string.h>

#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A failure has a reason, in one line. */
static void judge(int r, const struct err *err)
{
	char line[1200];

	if (r == 0)
		return;
	if (r != err->code || !err->n)
		abort();
	err_text(err, line, sizeof(line));
	for (const char *c = line; *c; c++)
		if (*c == '\n')
			abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct oci_config config;
	struct oci_process process;
	struct oci_resources resources;
	struct err err = {}, process_err = {}, resources_err = {};
	struct arena *arena = arena_new();
	const char *text = (const char *)data;

	if (!arena)
		return 0;
	int r = oci_config_parse(arena, text, size, &config, &err);
	judge(r == 0 ? oci_config_check(&config, &err) : r, &err);
	judge(oci_process_parse(arena, text, size, &process, &process_err), &process_err);
	judge(oci_resources_parse(arena, text, size, &resources, &resources_err),
	      &resources_err);
	arena_free(&arena);
	return 0;
}
