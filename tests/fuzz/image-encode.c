/* image-encode.c - libFuzzer: no text breaks the encoder, and what it makes can be read */
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/codec.h"
#include "runtime/image/out.h"
#include "tests/fuzz/image.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	scoped(out_free) struct bytes_out out = {};
	scoped_free char *text = NULL;
	struct err err = {};
	enum image_file file;

	if (image_encode((const char *)data, size, &out, &err) < 0) {
		must(err.n);
		return 0;
	}
	if (image_file_by_magic(out.data, out.len, &file))
		must(image_decode("x", out.data, out.len, JSON_COMPACT, &text, &err) == 0);
	return 0;
}
