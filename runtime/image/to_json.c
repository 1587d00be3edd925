#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "oci/json.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/message.h"
#include "runtime/image/text.h"
#include "runtime/image/value.h"

enum { LEVELS_AROUND = 6, LEVELS_EACH = 2 }; /* of the file, of a message in a list */

static bool is_set(const ProtobufCFieldDescriptor *field, const char *message)
{
	const void *const *at = (const void *const *)(message + field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(message + field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
		return *at && (*at != field->default_value ||
			       field->label == PROTOBUF_C_LABEL_REQUIRED);
	return field->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)(message + field->quantifier_offset);
}

static int text_put(struct json_writer *w, const char *key, char *text_taken, struct err *err)
{
	scoped_free char *text = text_taken;

	if (!text)
		return fail(err, -ENOMEM, "out of memory");
	json_string(w, key, text);
	return 0;
}

static int bytes_put(struct json_writer *w, const char *key, const void *value, bool quoted,
		     struct err *err)
{
	const ProtobufCBinaryData *bytes = value;

	return text_put(w, key,
			quoted ? quoted_text(bytes->data, bytes->len)
			       : base64_text(bytes->data, bytes->len),
			err);
}

static void enum_put(struct json_writer *w, const char *key,
		     const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value(field->descriptor, value);

	if (known)
		json_string(w, key, known->name);
	else
		json_signed_number(w, key, value);
}

static int inner_put(struct json_writer *w, const char *key, const void *value, int depth,
		     struct err *err)
{
	const ProtobufCMessage *message = *(ProtobufCMessage *const *)value;

	if (depth * LEVELS_EACH + LEVELS_AROUND > JSON_LEVELS_MAX)
		return fail(err, -E2BIG, "messages are nested more than %d deep", depth - 1);
	json_object(w, key);
	int r = message_to_json(w, message, depth, err);
	json_end(w);
	return r;
}

struct field_of {
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessageDescriptor *in;
	int depth;
};

static int value_put(struct json_writer *w, const char *key, const struct field_of *of,
		     const void *value, struct err *err)
{
	const struct value_type type = value_type(of->field);
	const bool narrow = type.size == sizeof(uint32_t);

	switch (type.kind) {
	case VALUE_SIGNED:
		json_signed_number(w, key,
				   narrow ? *(const int32_t *)value : *(const int64_t *)value);
		return 0;
	case VALUE_UNSIGNED:
		json_unsigned_number(
			w, key, narrow ? *(const uint32_t *)value : *(const uint64_t *)value);
		return 0;
	case VALUE_BOOL:
		json_bool(w, key, *(const protobuf_c_boolean *)value);
		return 0;
	case VALUE_ENUM:
		enum_put(w, key, of->field, *(const int *)value);
		return 0;
	case VALUE_TEXT:
		json_string(w, key, *(const char *const *)value);
		return 0;
	case VALUE_BYTES:
		return bytes_put(w, key, value, value_is_quoted(of->field, of->in), err);
	case VALUE_MESSAGE:
		return inner_put(w, key, value, of->depth + 1, err);
	case VALUE_NONE:
		break;
	}
	return fail(err, -EPROTO, "a type that no image has");
}

static int list_put(struct json_writer *w, const struct field_of *of, const char *message,
		    struct err *err)
{
	const size_t size = value_type(of->field).size;
	const size_t n = *(const size_t *)(message + of->field->quantifier_offset);
	const char *list = *(const char *const *)(message + of->field->offset);
	int r = 0;

	json_array(w, of->field->name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = value_put(w, NULL, of, list + i * size, err);
	json_end(w);
	return r;
}

static int unknown_put(struct json_writer *w, const ProtobufCMessage *message, struct err *err)
{
	int r = 0;

	json_array(w, "unknown");
	for (unsigned int i = 0; i < message->n_unknown_fields && r == 0; i++) {
		const ProtobufCMessageUnknownField *field = &message->unknown_fields[i];

		json_object(w, NULL);
		json_unsigned_number(w, "number", field->tag);
		json_unsigned_number(w, "wire", field->wire_type);
		r = text_put(w, "data", base64_text(field->data, field->len), err);
		json_end(w);
	}
	json_end(w);
	return r;
}

int message_to_json(struct json_writer *w, const ProtobufCMessage *message, int depth,
		    struct err *err)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;
	const char *base = (const char *)message;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		const struct field_of of = {&d->fields[i], d, depth};
		int r = 0;

		if (!is_set(of.field, base))
			continue;
		if (of.field->label == PROTOBUF_C_LABEL_REPEATED)
			r = list_put(w, &of, base, err);
		else
			r = value_put(w, of.field->name, &of, base + of.field->offset, err);
		if (r < 0)
			return fail_in(err, "%s", of.field->name);
	}
	return message->n_unknown_fields ? unknown_put(w, message, err) : 0;
}
