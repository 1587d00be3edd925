#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "engine/image/dir.h"
#include "engine/image/inside.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

struct ids {
	enum image_file file;
	struct arena *arena;
	uint64_t *id;
	size_t n;
};

static int add(struct ids *ids, const char *name, struct err *err)
{
	enum image_file file;
	uint64_t id, *list;

	if (!image_name_parse(name, &file, &id) || file != ids->file)
		return 0;
	list = arena_grow(ids->arena, ids->id, ids->n, sizeof(*list));
	if (!list)
		return fail(err, -ENOMEM, "no memory for the list of files");
	ids->id = list;
	ids->id[ids->n++] = id;
	return 0;
}

/* An image without a manifest is what its directory holds. */
static int add_from_directory(struct ids *ids, const struct image_dir *dir, struct err *err)
{
	scoped(image_dir_stream_drop) DIR *d = image_dir_stream(dir->fd);
	struct dirent *entry;

	if (!d)
		return fail_errno(err, "image directory");
	while ((entry = readdir(d)))
		if (add(ids, entry->d_name, err) < 0)
			return err->code;
	return 0;
}

int image_ids(const struct image_dir *dir, enum image_file file, struct arena *arena,
	      uint64_t **ret, size_t *ret_n, struct err *err)
{
	struct ids ids = {.file = file, .arena = arena};

	for (size_t i = 0; i < dir->n_members; i++)
		if (add(&ids, dir->member[i].name, err) < 0)
			return err->code;
	if (dir->foreign && add_from_directory(&ids, dir, err) < 0)
		return err->code;
	*ret = ids.id;
	*ret_n = ids.n;
	return 0;
}
