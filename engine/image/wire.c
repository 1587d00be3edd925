/* wire.c - unpack messages that may come from anybody
 *
 * protobuf-c checks lengths and required fields, but follows nested messages as deep as they
 * go (2 bytes a level, some kilobytes of stack) and takes as much memory as they ask for
 * (2 bytes make a structure of 100).  Both are bounded here, before and while it unpacks.
 */
#include <errno.h>

#include "engine/image/inside.h"
#include "engine/image/limits.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

struct span {
	const unsigned char *at, *end;
};

static bool varint(struct span *s, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && s->at < s->end; shift += 7) {
		unsigned char byte = *s->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* One field: its number, and for WIRE_BYTES its contents. */
static bool field_next(struct span *s, uint64_t *ret_tag, struct span *ret_bytes)
{
	uint64_t length = 0;

	if (!varint(s, ret_tag))
		return false;
	switch (*ret_tag & 7) {
	case WIRE_VARINT:
		return varint(s, &length);
	case WIRE_64:
		length = 8;
		break;
	case WIRE_32:
		length = 4;
		break;
	case WIRE_BYTES:
		if (!varint(s, &length))
			return false;
		break;
	default:
		return false;
	}
	if (length > (uint64_t)(s->end - s->at))
		return false;
	*ret_bytes = (struct span){s->at, s->at + length};
	s->at += length;
	return true;
}

static int depth_check(const ProtobufCMessageDescriptor *descriptor, struct span s, int depth,
		       struct err *err)
{
	if (depth > IMAGE_DEPTH_MAX)
		return fail(err, -EPROTO, "messages are nested more than %d deep",
			    IMAGE_DEPTH_MAX);
	while (s.at < s.end) {
		struct span inner = {};
		uint64_t tag;

		if (!field_next(&s, &tag, &inner))
			return fail(err, -EPROTO, "no %s", descriptor->name);
		if ((tag & 7) != WIRE_BYTES || tag >> 3 > UINT32_MAX)
			continue;
		const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
			descriptor, (unsigned int)(tag >> 3));
		if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		int r = depth_check(field->descriptor, inner, depth + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct budget {
	struct arena *arena;
	size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;

	if (size > budget->left)
		return NULL;
	budget->left -= size;
	return arena_alloc(budget->arena, size);
}

static void budget_free(void *data, void *p)
{
	(void)data; /* the arena gives back all at once */
	(void)p;
}

int image_unpack(const ProtobufCMessageDescriptor *descriptor, const unsigned char *data,
		 size_t len, struct arena *arena, void **ret, struct err *err)
{
	struct budget budget = {arena, IMAGE_UNPACKED_MAX};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	int r = depth_check(descriptor, (struct span){data, data + len}, 0, err);

	if (r < 0)
		return r;
	ProtobufCMessage *message =
		protobuf_c_message_unpack(descriptor, &allocator, len, data);
	if (!message)
		return fail(err, -EPROTO, "no %s", descriptor->name);
	*ret = message;
	return 0;
}
