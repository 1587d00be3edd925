/* value.h - how protobuf-c keeps the values of a message; only to_json.c, from_json.c use it */
#ifndef CKRUN_RUNTIME_IMAGE_VALUE_H
#define CKRUN_RUNTIME_IMAGE_VALUE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

enum value_kind {
	VALUE_NONE, /* float and double: no image has them */
	VALUE_SIGNED,
	VALUE_UNSIGNED,
	VALUE_BOOL,
	VALUE_ENUM,
	VALUE_TEXT,
	VALUE_BYTES,
	VALUE_MESSAGE,
};

struct value_type {
	enum value_kind kind;
	size_t size; /* in the C structure */
};

struct value_type value_type(const ProtobufCFieldDescriptor *field);

/* value_is_quoted() - the name of a unix socket, which crit prints as text. */
bool value_is_quoted(const ProtobufCFieldDescriptor *field,
		     const ProtobufCMessageDescriptor *in);

#endif
