/* image-validate.c - libFuzzer: bytes changed anywhere in a sound image never break its check */
#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/fuzz/image-changed.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static int fd = -1;
	scoped(arena_free) struct arena *arena = arena_new();
	struct image_problems found = {};
	struct err err = {};

	if (fd < 0)
		fd = changed_image();
	changed_apply(fd, data, size);
	if (image_validate(fd, arena, &found, &err) < 0)
		must(err.n);
	changed_undo(fd, data, size);
	return 0;
}
