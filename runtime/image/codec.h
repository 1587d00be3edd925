/* codec.h - a file of an image as JSON text, and the file from that text
 *
 * The layout is crit's: {"magic": "CORE", "entries": [{...}, ...]}, see message.h and extra.h.
 * A file without records (netlink dumps, archives, pages) is {"magic": "RAW", "entries":
 * [{"extra": "..."}]}.  Decoding and encoding again gives the same bytes, unless a record is
 * written as no encoder would write it (fields out of order, padding that is not zero): then
 * it keeps its meaning.
 *
 * Both take whatever bytes: limits.h for records, 256 MiB for a file, 512 MiB for a text.
 */
#ifndef CKRUN_RUNTIME_IMAGE_CODEC_H
#define CKRUN_RUNTIME_IMAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/json.h"

struct bytes_out;
struct err;

enum {
	DECODE_MAX = 256 << 20,
	ENCODE_MAX = 512 << 20,
	ENCODE_VALUES_MAX = 8 << 20,
};

/* image_decode() - name says what a raw file is, and stands in errors.  The text is the
 * caller's to free. */
int image_decode(const char *name, const void *data, size_t len, enum json_style style,
		 char **ret, struct err *err);

/* image_decoded_exactly() - is the text encoded to the same bytes? */
bool image_decoded_exactly(const char *text, const void *data, size_t len);

/* image_encode() - out is empty before, the file afterwards. */
int image_encode(const char *text, size_t len, struct bytes_out *out, struct err *err);

#endif
