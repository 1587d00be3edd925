#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/message.h"
#include "runtime/image/text.h"
#include "runtime/image/value.h"

static void *take_room(struct message_room *room, size_t size, struct err *err)
{
	void *p = size > room->left ? NULL : arena_alloc(room->arena, size);

	if (!p)
		fail(err, -ENOMEM, "no memory for a message that large");
	else
		room->left -= size;
	return p;
}

/* A number, or text that holds one: crit --pretty writes some in hexadecimal. */
static const char *digits_of(const struct json *value)
{
	return value->type == JSON_NUMBER || value->type == JSON_STRING ? value->text : NULL;
}

static int signed_get(const struct json *value, size_t size, void *to, struct err *err)
{
	const char *text = digits_of(value);
	char *end;

	if (!text || !*text)
		return fail(err, -EINVAL, "it is no number");
	errno = 0;
	int64_t number = strtoll(text, &end, 0);
	if (errno || *end)
		return fail(err, -ERANGE, "%.40s is no whole number of 64 bits", text);
	if (size == sizeof(int32_t) && (number < INT32_MIN || number > INT32_MAX))
		return fail(err, -ERANGE, "%.40s does not fit in 32 bits", text);
	if (size == sizeof(int32_t))
		*(int32_t *)to = (int32_t)number;
	else
		*(int64_t *)to = number;
	return 0;
}

static int unsigned_get(const struct json *value, size_t size, void *to, struct err *err)
{
	const char *text = digits_of(value);
	char *end;

	if (!text || !*text || strchr(text, '-'))
		return fail(err, -EINVAL, "it is no number of 0 or more");
	errno = 0;
	uint64_t number = strtoull(text, &end, 0);
	if (errno || *end)
		return fail(err, -ERANGE, "%.40s is no whole number of 64 bits", text);
	if (size == sizeof(uint32_t) && number > UINT32_MAX)
		return fail(err, -ERANGE, "%.40s does not fit in 32 bits", text);
	if (size == sizeof(uint32_t))
		*(uint32_t *)to = (uint32_t)number;
	else
		*(uint64_t *)to = number;
	return 0;
}

static int enum_get(const struct json *value, const ProtobufCEnumDescriptor *descriptor,
		    void *to, struct err *err)
{
	const ProtobufCEnumValue *known;

	if (value->type == JSON_NUMBER)
		return signed_get(value, sizeof(int32_t), to, err);
	if (value->type != JSON_STRING)
		return fail(err, -EINVAL, "it is no name of a %s", descriptor->name);
	known = protobuf_c_enum_descriptor_get_value_by_name(descriptor, value->text);
	if (!known)
		return fail(err, -EINVAL, "\"%.60s\" is no %s", value->text, descriptor->name);
	*(int *)to = known->value;
	return 0;
}

static int bytes_get(const struct json *value, bool quoted, struct message_room *room,
		     ProtobufCBinaryData *to, struct err *err)
{
	unsigned char *data;
	size_t len;
	int r;

	if (value->type != JSON_STRING)
		return fail(err, -EINVAL, "it is no text");
	r = quoted ? quoted_bytes(value->text, room->arena, &data, &len, err)
		   : base64_bytes(value->text, room->arena, &data, &len, err);
	if (r < 0)
		return r;
	*to = (ProtobufCBinaryData){len, data};
	return 0;
}

static int value_get(const ProtobufCFieldDescriptor *field,
		     const ProtobufCMessageDescriptor *in, const struct json *value,
		     struct message_room *room, void *to, struct err *err)
{
	const struct value_type type = value_type(field);

	switch (type.kind) {
	case VALUE_SIGNED:
		return signed_get(value, type.size, to, err);
	case VALUE_UNSIGNED:
		return unsigned_get(value, type.size, to, err);
	case VALUE_BOOL:
		if (value->type != JSON_BOOL)
			return fail(err, -EINVAL, "it is neither true nor false");
		*(protobuf_c_boolean *)to = value->truth;
		return 0;
	case VALUE_ENUM:
		return enum_get(value, field->descriptor, to, err);
	case VALUE_TEXT:
		if (value->type != JSON_STRING)
			return fail(err, -EINVAL, "it is no text");
		*(char **)to = value->text;
		return 0;
	case VALUE_BYTES:
		return bytes_get(value, value_is_quoted(field, in), room, to, err);
	case VALUE_MESSAGE:
		return message_from_json(field->descriptor, value, NULL, room, to, err);
	case VALUE_NONE:
		break;
	}
	return fail(err, -EPROTO, "a type that no image has");
}

static int list_get(const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *in,
		    const struct json *list, struct message_room *room, char *message,
		    struct err *err)
{
	const size_t size = value_type(field).size;
	size_t i = 0;

	if (list->type != JSON_ARRAY)
		return fail(err, -EINVAL, "it is no list");
	char *to = take_room(room, list->n * size, err);
	if (!to)
		return err->code;
	for (const struct json *value = list->child; value; value = value->next, i++)
		if (value_get(field, in, value, room, to + i * size, err) < 0)
			return fail_in(err, "%zu", i + 1);
	*(void **)(message + field->offset) = to;
	*(size_t *)(message + field->quantifier_offset) = list->n;
	return 0;
}

static int unknown_get(const struct json *object, struct message_room *room,
		       ProtobufCMessageUnknownField *to, struct err *err)
{
	const char *text;
	int64_t number, wire;
	unsigned char *data;

	if (json_need_int(object, "number", &number, err) < 0 ||
	    json_need_int(object, "wire", &wire, err) < 0 ||
	    json_need_string(object, "data", &text, err) < 0)
		return err->code;
	if (number < 1 || number > UINT32_MAX || wire < 0 || wire > 5)
		return fail(err, -ERANGE, "field %" PRId64 " of wire type %" PRId64 " is none",
			    number, wire);
	to->tag = (uint32_t)number;
	to->wire_type = (ProtobufCWireType)wire;
	if (base64_bytes(text, room->arena, &data, &to->len, err) < 0)
		return fail_in(err, "data");
	to->data = data;
	return 0;
}

static int unknowns_get(const struct json *list, struct message_room *room,
			ProtobufCMessage *message, struct err *err)
{
	ProtobufCMessageUnknownField *to;
	unsigned int n = 0;

	if (list->type != JSON_ARRAY)
		return fail(err, -EINVAL, "it is no list");
	to = take_room(room, list->n * sizeof(*to), err);
	if (!to)
		return err->code;
	for (const struct json *object = list->child; object; object = object->next, n++)
		if (unknown_get(object, room, &to[n], err) < 0)
			return fail_in(err, "%u", n + 1);
	message->unknown_fields = to;
	message->n_unknown_fields = n;
	return 0;
}

static int member_get(const ProtobufCMessageDescriptor *d, const struct json *value,
		      struct message_room *room, char *message, struct err *err)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(d, value->key);

	if (!field && strcmp(value->key, "unknown") == 0)
		return unknowns_get(value, room, (ProtobufCMessage *)message, err);
	if (!field)
		return fail(err, -EINVAL, "%s has no such field", d->name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return list_get(field, d, value, room, message, err);
	if (value_get(field, d, value, room, message + field->offset, err) < 0)
		return err->code;
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset)
		*(protobuf_c_boolean *)(message + field->quantifier_offset) = 1;
	return 0;
}

static int required_check(const ProtobufCMessageDescriptor *d, const struct json *object,
			  struct err *err)
{
	for (unsigned int i = 0; i < d->n_fields; i++)
		if (d->fields[i].label == PROTOBUF_C_LABEL_REQUIRED &&
		    !json_get(object, d->fields[i].name))
			return fail(err, -EINVAL, "%s is missing", d->fields[i].name);
	return 0;
}

int message_from_json(const ProtobufCMessageDescriptor *descriptor, const struct json *object,
		      const char *but, struct message_room *room, ProtobufCMessage **ret,
		      struct err *err)
{
	char *message;

	if (object->type != JSON_OBJECT)
		return fail(err, -EINVAL, "it is no object with the fields of %s",
			    descriptor->name);
	if (required_check(descriptor, object, err) < 0)
		return err->code;
	message = take_room(room, descriptor->sizeof_message, err);
	if (!message)
		return err->code;
	descriptor->message_init((ProtobufCMessage *)message);
	for (const struct json *value = object->child; value; value = value->next) {
		if (value->type == JSON_NULL || (but && strcmp(value->key, but) == 0))
			continue;
		if (member_get(descriptor, value, room, message, err) < 0)
			return fail_in(err, "%s", value->key);
	}
	*ret = (ProtobufCMessage *)message;
	return 0;
}
