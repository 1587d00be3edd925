/* reader.c - record.h, the reading half: the file is in memory, lengths are compared */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "engine/image/inside.h"
#include "engine/image/record.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct image_reader {
	struct image_name name;
	struct image_bytes bytes;
	size_t at;
	unsigned int records;
};

static uint32_t take_u32(struct image_reader *r)
{
	uint32_t le;

	memcpy(&le, r->bytes.data + r->at, sizeof(le));
	r->at += sizeof(le);
	return le32toh(le);
}

uint64_t record_left(const struct image_reader *r)
{
	return r->bytes.size - r->at;
}

size_t image_reader_at(const struct image_reader *r, const unsigned char **ret_data)
{
	*ret_data = r->bytes.data;
	return r->at;
}

static int magic_check(struct image_reader *r, uint32_t want, struct err *err)
{
	if (record_left(r) < sizeof(want))
		return fail(err, -EBADMSG, "%zu bytes are no image file", r->bytes.size);
	uint32_t got = take_u32(r);
	if (got != want)
		return fail(err, -EBADMSG, "it starts with 0x%08x, not with 0x%08x", got, want);
	return 0;
}

static int head_check(struct image_reader *r, const struct image_file_type *type,
		      struct err *err)
{
	int ret = 0;

	if (image_head_magic(type->head))
		ret = magic_check(r, image_head_magic(type->head), err);
	if (ret >= 0 && type->head != IMAGE_HEAD_NONE)
		ret = magic_check(r, type->magic, err);
	return ret < 0 ? fail_in(err, "%s", r->name.text) : 0;
}

int image_reader_open(const struct image_dir *dir, enum image_file file, uint64_t id,
		      struct image_reader **ret, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return fail(err, -ENOMEM, "no memory for a file of the image");
	r->name = image_name(file, id);
	int e = image_bytes_load(dir, r->name.text, IMAGE_READ, &r->bytes, err);
	if (e >= 0)
		e = head_check(r, image_file_type(file), err);
	if (e < 0)
		return e;
	*ret = take_ptr(r);
	return 0;
}

int image_reader_over(enum image_file file, const char *name, const void *data, size_t size,
		      struct image_reader **ret, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return fail(err, -ENOMEM, "no memory for a file of the image");
	memcpy(r->name.text, name, strnlen(name, sizeof(r->name.text) - 1));
	r->bytes = (struct image_bytes){
		.data = (unsigned char *)data, .size = size, .borrowed = true};
	int e = head_check(r, image_file_type(file), err);
	if (e < 0)
		return e;
	*ret = take_ptr(r);
	return 0;
}

static int message_get(struct image_reader *r, const ProtobufCMessageDescriptor *descriptor,
		       struct arena *arena, void **ret, struct err *err)
{
	if (++r->records > IMAGE_RECORDS_MAX)
		return fail(err, -EFBIG, "too many records");
	if (record_left(r) < sizeof(uint32_t))
		return fail(err, -EBADMSG, "the file ends within its length");
	uint32_t len = take_u32(r);
	if (len > IMAGE_RECORD_MAX)
		return fail(err, -EFBIG, "%u bytes are too large", len);
	if (len > record_left(r))
		return fail(err, -EBADMSG, "%llu of its %u bytes are missing",
			    (unsigned long long)(len - record_left(r)), len);
	int e = image_unpack(descriptor, r->bytes.data + r->at, len, arena, ret, err);
	r->at += len;
	return e;
}

int record_get(struct image_reader *r, const ProtobufCMessageDescriptor *descriptor,
	       struct arena *arena, void **ret, struct err *err)
{
	if (!record_left(r))
		return 0;
	if (message_get(r, descriptor, arena, ret, err) < 0)
		return fail_in(err, "%s: record %u", r->name.text, r->records);
	return 1;
}

int record_get_raw(struct image_reader *r, uint64_t len, const void **ret, struct err *err)
{
	if (len > record_left(r)) {
		fail(err, -EBADMSG, "%llu of %llu bytes behind it are missing",
		     (unsigned long long)(len - record_left(r)), (unsigned long long)len);
		return fail_in(err, "%s: record %u", r->name.text, r->records);
	}
	*ret = r->bytes.data + r->at;
	r->at += len;
	return 0;
}

void image_reader_drop(struct image_reader **r)
{
	if (!*r)
		return;
	image_bytes_free(&(*r)->bytes);
	free(*r);
	*r = NULL;
}
