/* fill.h - a message with every field set, made from its descriptor alone
 *
 * It is freed as if it had been unpacked: protobuf_c_message_free_unpacked(message, NULL).
 */
#ifndef CKRUN_TESTS_FILL_H
#define CKRUN_TESTS_FILL_H

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

enum { FILL_DEPTH = 4 };

static inline ProtobufCMessage *fill(const ProtobufCMessageDescriptor *descriptor, int depth);

static inline void fill_value(const ProtobufCFieldDescriptor *field, void *to, int depth)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(char **)to = strdup("sample");
		break;
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)to =
			(ProtobufCBinaryData){3, (uint8_t *)strdup("\1\2\3")};
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)to = fill(field->descriptor, depth + 1);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)to =
			((const ProtobufCEnumDescriptor *)field->descriptor)->values[0].value;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		*(uint64_t *)to = 1;
		break;
	default: /* 32 bits, bool among them */
		*(uint32_t *)to = 1;
	}
}

static inline void fill_field(char *message, const ProtobufCFieldDescriptor *field, int depth)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		void *one = calloc(1, sizeof(ProtobufCBinaryData));

		fill_value(field, one, depth);
		*(void **)(message + field->offset) = one;
		*(size_t *)(message + field->quantifier_offset) = 1;
		return;
	}
	fill_value(field, message + field->offset, depth);
	if (field->quantifier_offset)
		*(protobuf_c_boolean *)(message + field->quantifier_offset) = 1;
}

static inline ProtobufCMessage *fill(const ProtobufCMessageDescriptor *descriptor, int depth)
{
	char *message = calloc(1, descriptor->sizeof_message);

	check(message);
	descriptor->message_init((ProtobufCMessage *)message);
	for (unsigned int i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (depth < FILL_DEPTH || field->label == PROTOBUF_C_LABEL_REQUIRED)
			fill_field(message, field, depth);
	}
	return (ProtobufCMessage *)message;
}

#endif
