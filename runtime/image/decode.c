#include <errno.h>
#include <stdbool.h>
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

struct decoding {
	const char *name;
	struct json_writer *w;
	struct image_walk walk;
};

static int record_to_json(struct decoding *d, const ProtobufCMessage *record, struct err *err)
{
	int r;

	json_object(d->w, NULL);
	r = message_to_json(d->w, record, 1, err);
	if (r == 0)
		r = extra_to_json(d->w, &d->walk, record, err);
	json_end(d->w);
	if (r < 0)
		return fail_in(err, "%s: record %u", d->name, d->walk.n);
	return 0;
}

/* Some records, 0 behind the last.  Their memory is given back: files have millions of them. */
static int some_to_json(struct decoding *d, struct err *err)
{
	enum { AT_ONCE = 64 << 10 };
	scoped(arena_free) struct arena *arena = arena_new();
	const uint64_t left = record_left(d->walk.reader);
	const ProtobufCMessage *record;
	int r = 1;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	while (r > 0 && left - record_left(d->walk.reader) < AT_ONCE) {
		r = image_walk_next(&d->walk, arena, &record, err);
		if (r > 0 && record_to_json(d, record, err) < 0)
			return err->code;
	}
	return r;
}

static int records_to_json(struct decoding *d, const void *data, size_t len, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	int r;

	if (!image_file_by_magic(data, len, &d->walk.file))
		return fail(err, -EBADMSG, "%s: it starts with no magic of an image", d->name);
	r = image_reader_over(d->walk.file, d->name, data, len, &reader, err);
	if (r < 0)
		return r;
	d->walk.reader = reader;
	json_string(d->w, "magic", image_file_type(d->walk.file)->name);
	json_array(d->w, "entries");
	do {
		r = some_to_json(d, err);
	} while (r > 0);
	json_end(d->w);
	return r;
}

static bool is_raw(const char *name)
{
	enum image_file file;
	uint64_t id;

	return image_name_parse(name, &file, &id) &&
	       image_file_type(file)->head == IMAGE_HEAD_NONE;
}

static int raw_to_json(struct json_writer *w, const void *data, size_t len, struct err *err)
{
	scoped_free char *text = base64_text(data, len);

	if (!text)
		return fail(err, -ENOMEM, "out of memory");
	json_string(w, "magic", "RAW");
	json_array(w, "entries");
	json_object(w, NULL);
	json_string(w, "extra", text);
	json_end(w);
	json_end(w);
	return 0;
}

int image_decode(const char *name, const void *data, size_t len, enum json_style style,
		 char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(style);
	struct decoding d = {.name = name, .w = w};
	int r;

	if (!w)
		return fail(err, -ENOMEM, "out of memory");
	if (len > DECODE_MAX)
		return fail(err, -EFBIG, "%s: %zu bytes, at most %d can be decoded", name, len,
			    DECODE_MAX);
	json_object(w, NULL);
	r = is_raw(name) ? raw_to_json(w, data, len, err) : records_to_json(&d, data, len, err);
	json_end(w);
	return r < 0 ? r : json_writer_take(w, ret, err);
}

bool image_decoded_exactly(const char *text, const void *data, size_t len)
{
	scoped(out_free) struct bytes_out out = {};
	struct err err = {};

	return image_encode(text, strlen(text), &out, &err) == 0 && out.len == len &&
	       memcmp(out.data, data, len) == 0;
}
