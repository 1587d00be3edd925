/* writer.c - record.h, the writing half: buffered, summed up on the way out */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/image/crc32c.h"
#include "engine/image/inside.h"
#include "engine/image/record.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { BUFFER = 32 << 10 };

struct image_writer {
	struct image_dir *dir;
	struct image_name name;
	bool is_member; /* of the image: all but the manifest */
	int fd;
	uint64_t length;
	uint32_t crc;
	unsigned int records;
	size_t used;
	unsigned char buffer[BUFFER];
};

static int drain(struct image_writer *w, const void *data, size_t len, struct err *err)
{
	w->crc = crc32c(w->crc, data, len);
	w->length += len;
	return image_write_all(w->fd, data, len, err);
}

static int flush(struct image_writer *w, struct err *err)
{
	int r = drain(w, w->buffer, w->used, err);

	w->used = 0;
	return r;
}

static int append(struct image_writer *w, const void *data, size_t len, struct err *err)
{
	if (len > BUFFER - w->used) {
		int r = flush(w, err);

		if (r < 0)
			return r;
	}
	if (len > BUFFER)
		return drain(w, data, len, err);
	memcpy(w->buffer + w->used, data, len);
	w->used += len;
	return 0;
}

static int append_u32(struct image_writer *w, uint32_t value, struct err *err)
{
	uint32_t le = htole32(value);

	return append(w, &le, sizeof(le), err);
}

static int head_put(struct image_writer *w, const struct image_file_type *type, struct err *err)
{
	int r = 0;

	if (image_head_magic(type->head))
		r = append_u32(w, image_head_magic(type->head), err);
	if (r >= 0 && type->head != IMAGE_HEAD_NONE)
		r = append_u32(w, type->magic, err);
	return r;
}

int image_writer_open(struct image_dir *dir, enum image_file file, uint64_t id,
		      struct image_writer **ret, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = malloc(sizeof(*w));

	if (!w)
		return fail(err, -ENOMEM, "no memory for a file of the image");
	memset(w, 0, offsetof(struct image_writer, buffer));
	w->dir = dir;
	w->name = image_name(file, id);
	w->is_member = file != IMAGE_CKRUN_MANIFEST;
	w->fd = -1;
	int r = image_create_file(dir, w->name.text, &w->fd, err);
	if (r < 0)
		return r;
	r = head_put(w, image_file_type(file), err);
	if (r < 0)
		return fail_in(err, "%s", w->name.text);
	*ret = take_ptr(w);
	return 0;
}

/* A record that fits goes straight into the buffer. */
static int message_put(struct image_writer *w, const ProtobufCMessage *message, size_t size,
		       struct err *err)
{
	scoped_free unsigned char *packed = NULL;
	int r = append_u32(w, (uint32_t)size, err);

	if (r >= 0 && size > BUFFER - w->used && size <= BUFFER)
		r = flush(w, err);
	if (r < 0)
		return r;
	if (size <= BUFFER) {
		w->used += protobuf_c_message_pack(message, w->buffer + w->used);
		return 0;
	}
	packed = malloc(size);
	if (!packed)
		return fail(err, -ENOMEM, "no memory for %zu bytes", size);
	protobuf_c_message_pack(message, packed);
	return append(w, packed, size, err);
}

int record_put(struct image_writer *w, const ProtobufCMessage *message, struct err *err)
{
	size_t size;
	int r;

	w->records++;
	if (!protobuf_c_message_check(message)) {
		fail(err, -EINVAL, "%s has an unset required field", message->descriptor->name);
		return fail_in(err, "%s: record %u", w->name.text, w->records);
	}
	size = protobuf_c_message_get_packed_size(message);
	if (size > IMAGE_RECORD_MAX)
		r = fail(err, -EFBIG, "%zu bytes, at most %d can be read again", size,
			 IMAGE_RECORD_MAX);
	else
		r = message_put(w, message, size, err);
	if (r < 0)
		return fail_in(err, "%s: record %u", w->name.text, w->records);
	return 0;
}

int record_put_raw(struct image_writer *w, const void *data, size_t len, struct err *err)
{
	int r = append(w, data, len, err);

	return r < 0 ? fail_in(err, "%s", w->name.text) : 0;
}

int image_writer_sum(struct image_writer *w, uint32_t *ret_crc, struct err *err)
{
	int r = flush(w, err);

	if (r < 0)
		return fail_in(err, "%s", w->name.text);
	*ret_crc = w->crc;
	return 0;
}

int image_writer_close(struct image_writer **writer, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = take_ptr(*writer);
	int r = flush(w, err);

	if (r < 0)
		return fail_in(err, "%s", w->name.text);
	if (close(take_fd(&w->fd)) < 0) /* NFS tells of a full disk here */
		return fail_errno(err, "%s", w->name.text);
	if (!w->is_member)
		return 0;
	return image_member_add(w->dir, w->name.text, w->length, w->crc, err);
}

void image_writer_drop(struct image_writer **w)
{
	if (!*w)
		return;
	scope_close(&(*w)->fd);
	free(*w);
	*w = NULL;
}
