#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oci/field_kind.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum { SHOWN = 40 };

const char *field_shown(const struct field_at *at, const char *text)
{
	char *copy = arena_printf(at->arena, "%.*s%s", SHOWN, text,
				  strlen(text) > SHOWN ? "..." : "");

	if (!copy)
		return "?";
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\177')
			*c = '?';
	return copy;
}

/* "mounts[3].options[1]": written from the inside out, the front is cut if it is too long. */
static const char *path_text(const struct field_at *at, char *buf, size_t size)
{
	char part[2 * SHOWN];
	const char *dot = "";
	size_t room = size - 1;

	buf[room] = '\0';
	for (; at->up; at = at->up) {
		if (at->key)
			snprintf(part, sizeof(part), "%s%s", field_shown(at, at->key), dot);
		else
			snprintf(part, sizeof(part), "[%zu]%s", at->index, dot);
		dot = at->key ? "." : "";
		size_t len = strlen(part);
		if (len > room)
			break;
		room -= len;
		memcpy(buf + room, part, len);
	}
	return buf + room;
}

int field_bad(const struct field_at *at, const char *below, const char *fmt, ...)
{
	const struct field_at member = {
		.arena = at->arena, .err = at->err, .up = at, .key = below};
	char why[ERR_FRAME_MAX], path[ERR_FRAME_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fail(at->err, -EINVAL, "%s", why);
	const char *where = path_text(below ? &member : at, path, sizeof(path));
	return *where ? fail_in(at->err, "%s", where) : at->err->code;
}

static const struct field *find(const struct field_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->field[i].name, name))
			return &table->field[i];
	return NULL;
}

/* Go's decoder, which wrote all known files, leaves out what is empty, or says null. */
static bool is_absent(const struct json *value)
{
	return !value || value->type == JSON_NULL ||
	       (value->type == JSON_STRING && !value->text[0]);
}

static int read_member(const struct field_at *object, const struct field *field,
		       const struct json *value, void *to)
{
	struct field_at at = {
		.arena = object->arena,
		.err = object->err,
		.up = object,
		.key = field->name,
		.field = field,
	};

	return field->read(&at, value, (char *)to + field->offset);
}

static int needed_is_there(const struct field_at *at, const struct json *object,
			   const struct field_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct field *f = &table->field[i];

		if (f->flags & FIELD_NEEDED && is_absent(json_get(object, f->name)))
			return field_bad(at, f->name, "is needed but is not there");
	}
	return 0;
}

int field_read_object(struct field_at *at, const struct json *object,
		      const struct field_table *table, void *to)
{
	int r = 0;

	if (object->type != JSON_OBJECT)
		return field_wrong_type(at, object, "an object");
	for (const struct json *c = object->child; c && r == 0; c = c->next) {
		const struct field *f = find(table, c->key);

		if (f && !is_absent(c))
			r = read_member(at, f, c, to);
	}
	if (r == 0)
		r = needed_is_there(at, object, table);
	if (r == 0 && table->finish)
		r = table->finish(at, to);
	return r;
}

int field_object(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, at->field->object, to);
}

/* A pointer member and, right behind it, its count. */
static void *array_make(struct field_at *at, size_t n, size_t size, void *to)
{
	void *array = arena_alloc(at->arena, n * size);

	if (!array) {
		fail(at->err, -ENOMEM, "out of memory");
		return NULL;
	}
	*(void **)to = array;
	*(size_t *)((char *)to + sizeof(void *)) = n;
	return array;
}

void *field_array_make(struct field_at *at, const struct json *value, size_t size, void *to)
{
	if (value->type != JSON_ARRAY) {
		field_wrong_type(at, value, "an array");
		return NULL;
	}
	return array_make(at, value->n, size, to);
}

struct field_at field_element(const struct field_at *array, size_t index)
{
	return (struct field_at){
		.arena = array->arena,
		.err = array->err,
		.up = array,
		.index = index,
		.field = array->field,
	};
}

int field_read_array(struct field_at *at, const struct json *value,
		     const struct field_table *table, void *to)
{
	char *element = field_array_make(at, value, table->size, to);
	size_t i = 0;
	int r = 0;

	if (!element)
		return at->err->code;
	for (const struct json *c = value->child; c && r == 0; c = c->next, i++) {
		struct field_at in = field_element(at, i);

		r = field_read_object(&in, c, table, element + i * table->size);
	}
	return r;
}

int field_array(struct field_at *at, const struct json *value, void *to)
{
	return field_read_array(at, value, at->field->object, to);
}

int field_map(struct field_at *at, const struct json *value, void *to)
{
	const struct field_table *table = at->field->object;
	int r = 0;

	if (value->type != JSON_OBJECT)
		return field_wrong_type(at, value, "an object");
	char *element = array_make(at, value->n, table->size, to);
	if (!element)
		return at->err->code;
	for (const struct json *c = value->child; c && r == 0; c = c->next) {
		struct field_at in = field_element(at, 0);

		in.key = c->key;
		*(char **)element = c->key;
		r = field_read_object(&in, c, table, element);
		element += table->size;
	}
	return r;
}

int field_document(struct arena *arena, const char *text, size_t len,
		   const struct field_table *table, void *to, struct err *err)
{
	struct field_at at = {.arena = arena, .err = err};
	const struct json *document;
	int r = json_parse(arena, text, len, &document, err);

	return r < 0 ? r : field_read_object(&at, document, table, to);
}
