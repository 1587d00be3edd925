#include <stdint.h>
#include <string.h>

#include "engine/image/schema/unix.pb-c.h"
#include "runtime/image/value.h"

static const struct value_type types[] = {
	[PROTOBUF_C_TYPE_INT32] = {VALUE_SIGNED, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_SINT32] = {VALUE_SIGNED, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_SFIXED32] = {VALUE_SIGNED, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_INT64] = {VALUE_SIGNED, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_SINT64] = {VALUE_SIGNED, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_SFIXED64] = {VALUE_SIGNED, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_UINT32] = {VALUE_UNSIGNED, sizeof(uint32_t)},
	[PROTOBUF_C_TYPE_FIXED32] = {VALUE_UNSIGNED, sizeof(uint32_t)},
	[PROTOBUF_C_TYPE_UINT64] = {VALUE_UNSIGNED, sizeof(uint64_t)},
	[PROTOBUF_C_TYPE_FIXED64] = {VALUE_UNSIGNED, sizeof(uint64_t)},
	[PROTOBUF_C_TYPE_FLOAT] = {VALUE_NONE, sizeof(float)},
	[PROTOBUF_C_TYPE_DOUBLE] = {VALUE_NONE, sizeof(double)},
	[PROTOBUF_C_TYPE_BOOL] = {VALUE_BOOL, sizeof(protobuf_c_boolean)},
	[PROTOBUF_C_TYPE_ENUM] = {VALUE_ENUM, sizeof(int)},
	[PROTOBUF_C_TYPE_STRING] = {VALUE_TEXT, sizeof(char *)},
	[PROTOBUF_C_TYPE_BYTES] = {VALUE_BYTES, sizeof(ProtobufCBinaryData)},
	[PROTOBUF_C_TYPE_MESSAGE] = {VALUE_MESSAGE, sizeof(ProtobufCMessage *)},
};

struct value_type value_type(const ProtobufCFieldDescriptor *field)
{
	return types[field->type];
}

bool value_is_quoted(const ProtobufCFieldDescriptor *field,
		     const ProtobufCMessageDescriptor *in)
{
	return in == &unix_sk_entry__descriptor && strcmp(field->name, "name") == 0;
}
