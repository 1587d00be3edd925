#include <errno.h>

#include "engine/image/one.h"
#include "engine/image/record.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int image_put_one(struct image_dir *dir, enum image_file file, uint64_t id,
		  const ProtobufCMessage *message, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = image_writer_open(dir, file, id, &w, err);

	if (r >= 0)
		r = record_put(w, message, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

int image_get_one(const struct image_dir *dir, enum image_file file, uint64_t id,
		  struct arena *arena, void **ret, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	void *message;
	int r = image_reader_open(dir, file, id, &reader, err);

	if (r >= 0)
		r = record_get(reader, image_file_type(file)->message, arena, &message, err);
	if (r < 0)
		return r;
	if (r == 0)
		return fail(err, -EBADMSG, "%s has no record", image_name(file, id).text);
	if (record_left(reader))
		return fail(err, -EBADMSG, "%s has more than its one record",
			    image_name(file, id).text);
	*ret = message;
	return 0;
}

int image_get_all(const struct image_dir *dir, enum image_file file, uint64_t id,
		  struct arena *arena, void ***ret, size_t *ret_n, struct err *err)
{
	const struct image_file_type *type = image_file_type(file);
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	void **all = NULL, *message;
	size_t n = 0;
	int r = image_reader_open(dir, file, id, &reader, err);

	if (r < 0)
		return r;
	for (;;) {
		r = record_get(reader, n || !type->first ? type->message : type->first, arena,
			       &message, err);
		if (r <= 0)
			break;
		all = arena_grow(arena, all, n, sizeof(*all));
		if (!all)
			return fail(err, -ENOMEM, "no memory for %zu records", n);
		all[n++] = message;
	}
	if (r < 0)
		return r;
	*ret = all;
	*ret_n = n;
	return 0;
}
