/* image-decode.c - libFuzzer: no bytes break the decoder, and its text is always encoded again
 *
 * The first byte says which file it is, the rest is as in image-body.h.
 */
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/codec.h"
#include "runtime/image/out.h"
#include "tests/fuzz/image-body.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What is encoded is decoded to the same text: nothing is lost, whoever wrote the bytes. */
static void comes_back(const char *name, const char *text)
{
	scoped(out_free) struct bytes_out out = {};
	scoped_free char *again = NULL;
	struct err err = {};

	must(image_encode(text, strlen(text), &out, &err) == 0);
	must(image_decode(name, out.data, out.len, JSON_COMPACT, &again, &err) == 0);
	must(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static unsigned char whole[1 << 20];
	scoped_free char *text = NULL;
	struct err err = {};

	if (size < 1 || size > sizeof(whole) - 8)
		return 0;
	enum image_file file = data[0] % IMAGE_FILE_TYPES;
	struct image_name name = image_name(file, 1);
	size_t len = fuzz_head(file, whole);
	len += fuzz_body(file, data, size, whole + len);
	if (image_decode(name.text, whole, len, JSON_COMPACT, &text, &err) < 0)
		must(err.n);
	else
		comes_back(name.text, text);
	return 0;
}
