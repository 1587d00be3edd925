#include <errno.h>
#include <string.h>

#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/codec.h"
#include "runtime/image/extra.h"
#include "runtime/image/message.h"
#include "runtime/image/out.h"
#include "runtime/image/text.h"

static int head_put(enum image_file file, struct bytes_out *out, struct err *err)
{
	const struct image_file_type *type = image_file_type(file);
	const uint32_t before = image_head_magic(type->head);

	if (before && out_word(out, before, err) < 0)
		return err->code;
	return out_word(out, type->magic, err);
}

static int record_put_json(enum image_file file, unsigned int n, const struct json *entry,
			   struct message_room *room, struct bytes_out *out, struct err *err)
{
	const struct image_file_type *type = image_file_type(file);
	ProtobufCMessage *message;

	if (message_from_json(n > 1 || !type->first ? type->message : type->first, entry,
			      "extra", room, &message, err) < 0 ||
	    out_record(out, message, err) < 0)
		return err->code;
	return extra_from_json(file, n, message, json_get(entry, "extra"), room, out, err);
}

/* Some entries from *entry on.  Their memory is given back: files have millions of them. */
static int some_put(enum image_file file, const struct json **entry, unsigned int *n,
		    struct bytes_out *out, struct err *err)
{
	enum { AT_ONCE = 1 << 20 };
	scoped(arena_free) struct arena *arena = arena_new();
	struct message_room room = {arena, IMAGE_UNPACKED_MAX};

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	for (; *entry && IMAGE_UNPACKED_MAX - room.left < AT_ONCE; *entry = (*entry)->next)
		if (record_put_json(file, ++*n, *entry, &room, out, err) < 0)
			return fail_in(err, "entry %u", *n);
	return 0;
}

static int records_put(enum image_file file, const struct json *entries, struct bytes_out *out,
		       struct err *err)
{
	const struct json *entry = entries->child;
	unsigned int n = 0;
	int r = head_put(file, out, err);

	while (entry && r == 0)
		r = some_put(file, &entry, &n, out, err);
	return r;
}

/* Texts may say what no reader takes: bytes of an unknown field that are none. */
static int read_again(enum image_file file, const struct bytes_out *out, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	const ProtobufCMessage *record;
	int r = image_reader_over(file, "the file", out->data, out->len, &reader, err);
	struct image_walk walk = {.reader = reader, .file = file};

	while (r >= 0 && record_left(reader)) {
		scoped(arena_free) struct arena *arena = arena_new();
		const uint64_t left = record_left(reader);

		if (!arena)
			return fail(err, -ENOMEM, "out of memory");
		do {
			r = image_walk_next(&walk, arena, &record, err);
		} while (r > 0 && left - record_left(reader) < 64 << 10);
	}
	return r < 0 ? fail_in(err, "what it makes cannot be read") : 0;
}

static int raw_put(const struct json *entries, struct arena *arena, struct bytes_out *out,
		   struct err *err)
{
	unsigned char *data;
	const char *text;
	size_t len;

	if (entries->n != 1)
		return fail(err, -EINVAL, "a raw file has one entry");
	if (json_need_string(entries->child, "extra", &text, err) < 0 ||
	    base64_bytes(text, arena, &data, &len, err) < 0)
		return fail_in(err, "entry 1");
	return out_put(out, data, len, err);
}

int image_encode(const char *text, size_t len, struct bytes_out *out, struct err *err)
{
	static const struct json_limits limits = {ENCODE_MAX, JSON_LEVELS_MAX,
						  ENCODE_VALUES_MAX};
	scoped(arena_free) struct arena *arena = arena_new();
	const struct json *top, *entries;
	const char *magic;
	enum image_file file;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	if (json_parse_within(arena, text, len, &limits, &top, err) < 0 ||
	    json_need_string(top, "magic", &magic, err) < 0)
		return err->code;
	entries = json_get(top, "entries");
	if (!entries || entries->type != JSON_ARRAY)
		return fail(err, -EINVAL, "it has no list of entries");
	if (strcmp(magic, "RAW") == 0)
		return raw_put(entries, arena, out, err);
	if (!image_file_by_name(magic, &file))
		return fail(err, -EINVAL, "magic: \"%.60s\" is none of an image", magic);
	if (records_put(file, entries, out, err) < 0)
		return err->code;
	return read_again(file, out, err);
}
