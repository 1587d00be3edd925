#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/image/dir.h"
#include "engine/image/inside.h"
#include "engine/image/one.h"
#include "engine/image/validation.h"
#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

void problem(struct validation *v, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const char *kept = arena_strdup(v->arena, text);
	const char **list =
		arena_grow(v->arena, v->found.text, v->found.n, sizeof(v->found.text[0]));
	if (!kept || !list) {
		v->no_memory = true;
		return;
	}
	v->found.text = list;
	list[v->found.n++] = kept;
}

void problem_err(struct validation *v, const struct err *err)
{
	char text[512];

	problem(v, "%s", err_text(err, text, sizeof(text)));
}

void problem_missing(struct validation *v, enum image_file file, uint64_t id)
{
	if (!image_has(v->dir, file, id))
		problem(v, "%s is missing", image_name(file, id).text);
}

void *validate_get(struct validation *v, enum image_file file, uint64_t id)
{
	struct err err = {};
	void *record;

	if (image_get_one(v->dir, file, id, v->arena, &record, &err) == 0)
		return record;
	problem_missing(v, file, id);
	return NULL;
}

static int by_id(const void *a, const void *b)
{
	const FileEntry *x = *(const FileEntry *const *)a, *y = *(const FileEntry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

const FileEntry *validate_file(const struct validation *v, uint32_t id)
{
	FileEntry key = {.id = id};
	const FileEntry *at = &key;
	FileEntry *const *found =
		v->n_files ? bsearch(&at, v->file, v->n_files, sizeof(at), by_id) : NULL;

	return found ? *found : NULL;
}

static void files_load(struct validation *v)
{
	struct err err = {};
	void **all;

	if (image_get_all(v->dir, IMAGE_FILES, 0, v->arena, &all, &v->n_files, &err) < 0) {
		v->n_files = 0;
		problem_missing(v, IMAGE_FILES, 0);
		return;
	}
	v->file = (FileEntry **)all;
	if (v->n_files)
		qsort(v->file, v->n_files, sizeof(*v->file), by_id);
	for (size_t i = 1; i < v->n_files; i++)
		if (v->file[i]->id == v->file[i - 1]->id)
			problem(v, "files.img: two files have the id %u", v->file[i]->id);
}

static void file_check(struct validation *v, const char *name)
{
	scoped(image_bytes_free) struct image_bytes bytes = {};
	struct err why = {};
	enum image_file file;
	uint64_t id;

	if (!image_name_parse(name, &file, &id) || file == IMAGE_CKRUN_MANIFEST)
		return;
	if (image_file_type(file)->head == IMAGE_HEAD_NONE)
		image_bytes_load(v->dir, name, IMAGE_READ, &bytes, &why);
	else
		image_walk_file(v->dir, file, id, &why);
	if (why.n)
		problem_err(v, &why);
}

/* Every file that is part of the image, or may be if nobody says so. */
static int files_check(struct validation *v, struct err *err)
{
	scoped(image_dir_stream_drop) DIR *d = NULL;
	struct dirent *entry;

	for (size_t i = 0; i < v->dir->n_members; i++)
		file_check(v, v->dir->member[i].name);
	if (!v->dir->foreign)
		return 0;
	d = image_dir_stream(v->dir->fd);
	if (!d)
		return fail_errno(err, "image directory");
	while ((entry = readdir(d)))
		file_check(v, entry->d_name);
	return 0;
}

int image_validate(int target, struct arena *arena, struct image_problems *ret, struct err *err)
{
	scoped(image_close) struct image_dir *dir = NULL;
	struct validation v = {.arena = arena};
	struct err why = {};
	int r = image_open_as_is(target, &dir, &why, err);

	if (r < 0)
		return r;
	v.dir = dir;
	if (why.n)
		problem_err(&v, &why);
	r = files_check(&v, err);
	if (r < 0)
		return r;
	validate_get(&v, IMAGE_INVENTORY, 0);
	files_load(&v);
	validate_files(&v);
	validate_tree(&v);
	validate_tasks(&v);
	validate_refs(&v);
	if (v.no_memory)
		return fail(err, -ENOMEM, "no memory for the list of problems");
	*ret = v.found;
	return (int)v.found.n;
}
