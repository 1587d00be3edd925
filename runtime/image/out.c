#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/image/limits.h"
#include "runtime/base/err.h"
#include "runtime/image/out.h"

void out_free(struct bytes_out *out)
{
	free(out->data);
	*out = (struct bytes_out){};
}

static int make_room(struct bytes_out *out, size_t len, struct err *err)
{
	size_t room = out->room ? out->room : 4096;

	if (len > OUT_MAX - out->len)
		return fail(err, -EFBIG, "over %d bytes", OUT_MAX);
	while (room < out->len + len)
		room *= 2;
	if (room == out->room)
		return 0;
	unsigned char *data = realloc(out->data, room);
	if (!data)
		return fail(err, -ENOMEM, "no memory for %zu bytes", room);
	out->data = data;
	out->room = room;
	return 0;
}

int out_put(struct bytes_out *out, const void *data, size_t len, struct err *err)
{
	int r = make_room(out, len, err);

	if (r == 0 && len)
		memcpy(out->data + out->len, data, len);
	if (r == 0)
		out->len += len;
	return r;
}

int out_zeros(struct bytes_out *out, size_t len, struct err *err)
{
	int r = make_room(out, len, err);

	if (r == 0 && len)
		memset(out->data + out->len, 0, len);
	if (r == 0)
		out->len += len;
	return r;
}

int out_word(struct bytes_out *out, uint32_t word, struct err *err)
{
	const uint32_t le = htole32(word);

	return out_put(out, &le, sizeof(le), err);
}

int out_record(struct bytes_out *out, const ProtobufCMessage *message, struct err *err)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (size > IMAGE_RECORD_MAX)
		return fail(err, -EFBIG, "%zu bytes, at most %d can be read again", size,
			    IMAGE_RECORD_MAX);
	if (out_word(out, (uint32_t)size, err) < 0 || make_room(out, size, err) < 0)
		return err->code;
	out->len += protobuf_c_message_pack(message, out->data + out->len);
	return 0;
}
