/* image-body.h - what follows the magic of a file, made from an input
 *
 * With an even second byte it is the rest of the input; with an odd one the rest is a list of
 * {place, place, value}: changes to a file with every field.
 */
#ifndef CKRUN_FUZZ_IMAGE_BODY_H
#define CKRUN_FUZZ_IMAGE_BODY_H

#include "tests/fuzz/image.h"
#include "tests/unit/fill.h"

static inline size_t fuzz_record(const ProtobufCMessageDescriptor *descriptor,
				 unsigned char *to)
{
	ProtobufCMessage *message = fill(descriptor, 0);
	uint32_t len = (uint32_t)protobuf_c_message_pack(message, to + 4);

	protobuf_c_message_free_unpacked(message, NULL);
	memcpy(to, &len, sizeof(len));
	return len + 4;
}

/* A file of this kind with a record or two; made once. */
static inline size_t fuzz_filled(enum image_file file, unsigned char *to)
{
	static struct {
		unsigned char data[8192];
		size_t len;
	} kept[IMAGE_FILE_TYPES];
	const struct image_file_type *type = image_file_type(file);
	unsigned char *data = kept[file].data;

	if (!kept[file].len) {
		size_t len = 0;

		if (type->first)
			len += fuzz_record(type->first, data);
		if (type->message)
			len += fuzz_record(type->message, data + len);
		kept[file].len = len + 16; /* something behind the record */
	}
	memcpy(to, data, kept[file].len);
	return kept[file].len;
}

static inline size_t fuzz_body(enum image_file file, const unsigned char *data, size_t size,
			       unsigned char *to)
{
	if (size < 2 || !(data[1] & 1)) {
		size_t skip = size < 2 ? size : 2;

		memcpy(to, data + skip, size - skip);
		return size - skip;
	}
	size_t len = fuzz_filled(file, to);
	for (size_t i = 2; i + 3 <= size; i += 3)
		to[(data[i] << 8 | data[i + 1]) % len] = data[i + 2];
	return len;
}

#endif
