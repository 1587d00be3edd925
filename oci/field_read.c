/* field_read.c - one reader per shape of value */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oci/field_kind.h"
#include "oci/json.h"
#include "oci/names.h"
#include "oci/types.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int field_wrong_type(const struct field_at *at, const struct json *value, const char *needed)
{
	switch (value->type) {
	case JSON_STRING:
		return field_bad(at, NULL, "\"%s\" is a string, %s is needed",
				 field_shown(at, value->text), needed);
	case JSON_NUMBER:
		return field_bad(at, NULL, "%s is a number, %s is needed",
				 field_shown(at, value->text), needed);
	case JSON_BOOL:
		return field_bad(at, NULL, "%s is a boolean, %s is needed",
				 value->truth ? "true" : "false", needed);
	case JSON_NULL:
		return field_bad(at, NULL, "null is given, %s is needed", needed);
	default:
		return field_bad(at, NULL, "%s is given, %s is needed",
				 value->type == JSON_ARRAY ? "an array" : "an object", needed);
	}
}

static int check_text(const struct field_at *at, const char *text)
{
	unsigned int flags = at->field->flags;

	if (flags & FIELD_ABSOLUTE && text[0] != '/')
		return field_bad(at, NULL, "\"%s\" is not an absolute path",
				 field_shown(at, text));
	if (flags & FIELD_ASSIGNMENT && (text[0] == '=' || !strchr(text, '=')))
		return field_bad(at, NULL, "\"%s\" is not of the form NAME=value",
				 field_shown(at, text));
	return 0;
}

int field_string(struct field_at *at, const struct json *value, void *to)
{
	if (value->type != JSON_STRING)
		return field_wrong_type(at, value, "a string");
	int r = check_text(at, value->text);
	if (r == 0)
		*(char **)to = value->text;
	return r;
}

int field_bool(struct field_at *at, const struct json *value, void *to)
{
	if (value->type != JSON_BOOL)
		return field_wrong_type(at, value, "a boolean");
	*(bool *)to = value->truth;
	return 0;
}

int field_opt_bool(struct field_at *at, const struct json *value, void *to)
{
	struct oci_opt_bool *opt = to;
	int r = field_bool(at, value, &opt->value);

	opt->set = r == 0;
	return r;
}

static int read_signed(struct field_at *at, const struct json *value, int64_t min, int64_t max,
		       int64_t *ret)
{
	int64_t n;

	if (value->type != JSON_NUMBER)
		return field_wrong_type(at, value, "a number");
	if (!json_signed(value, &n) || n < min || n > max)
		return field_bad(at, NULL, "%s is no whole number from %" PRId64 " to %" PRId64,
				 field_shown(at, value->text), min, max);
	*ret = n;
	return 0;
}

static int read_unsigned(struct field_at *at, const struct json *value, uint64_t min,
			 uint64_t max, uint64_t *ret)
{
	uint64_t n;

	if (value->type != JSON_NUMBER)
		return field_wrong_type(at, value, "a number");
	if (!json_unsigned(value, &n) || n < min || n > max)
		return field_bad(at, NULL, "%s is no whole number from %" PRIu64 " to %" PRIu64,
				 field_shown(at, value->text), min, max);
	*ret = n;
	return 0;
}

static bool has_range(const struct field *f)
{
	return f->min || f->max;
}

/* Little-endian machines only, as is the engine: the low bytes come first. */
static void store(void *to, const void *number, size_t size)
{
	memcpy(to, number, size);
}

int field_signed(struct field_at *at, const struct json *value, void *to)
{
	const struct field *f = at->field;
	int64_t limit = INT64_MAX >> (8 * (sizeof(limit) - f->size)), n;
	int r = read_signed(at, value, has_range(f) ? f->min : -limit - 1,
			    has_range(f) ? (int64_t)f->max : limit, &n);

	if (r == 0)
		store(to, &n, f->size);
	return r;
}

int field_unsigned(struct field_at *at, const struct json *value, void *to)
{
	const struct field *f = at->field;
	uint64_t limit = UINT64_MAX >> (8 * (sizeof(limit) - f->size)), n;
	int r = read_unsigned(at, value, has_range(f) ? (uint64_t)f->min : 0,
			      has_range(f) ? f->max : limit, &n);

	if (r == 0)
		store(to, &n, f->size);
	return r;
}

static bool is_unset(const struct field *f, const struct json *value)
{
	return f->flags & FIELD_ZERO_UNSET && value->type == JSON_NUMBER &&
	       !strcmp(value->text, "0");
}

int field_opt_i64(struct field_at *at, const struct json *value, void *to)
{
	const struct field *f = at->field;
	struct oci_opt_i64 *opt = to;

	if (is_unset(f, value))
		return 0;
	int r = read_signed(at, value, has_range(f) ? f->min : INT64_MIN,
			    f->max ? (int64_t)f->max : INT64_MAX, &opt->value);
	opt->set = r == 0;
	return r;
}

int field_opt_u64(struct field_at *at, const struct json *value, void *to)
{
	const struct field *f = at->field;
	struct oci_opt_u64 *opt = to;

	if (is_unset(f, value))
		return 0;
	int r = read_unsigned(at, value, (uint64_t)f->min, f->max ? f->max : UINT64_MAX,
			      &opt->value);
	opt->set = r == 0;
	return r;
}

int field_u32s(struct field_at *at, const struct json *value, void *to)
{
	uint32_t *array = field_array_make(at, value, sizeof(*array), to);
	uint64_t n = 0;
	size_t i = 0;

	if (!array)
		return at->err->code;
	for (const struct json *c = value->child; c; c = c->next, i++) {
		struct field_at in = field_element(at, i);
		int r = read_unsigned(&in, c, 0, at->field->max ? at->field->max : UINT32_MAX,
				      &n);
		if (r < 0)
			return r;
		array[i] = (uint32_t)n;
	}
	return 0;
}

int field_strings(struct field_at *at, const struct json *value, void *to)
{
	struct oci_strings *strings = to;

	if (value->type != JSON_ARRAY)
		return field_wrong_type(at, value, "an array");
	strings->item = arena_alloc(at->arena, (value->n + 1) * sizeof(char *));
	if (!strings->item)
		return fail(at->err, -ENOMEM, "out of memory");
	strings->n = 0;
	for (const struct json *c = value->child; c; c = c->next) {
		struct field_at in = field_element(at, strings->n);
		int r = field_string(&in, c, &strings->item[strings->n]);

		if (r < 0)
			return r;
		strings->n++;
	}
	return 0;
}

int field_pairs(struct field_at *at, const struct json *value, void *to)
{
	struct oci_pairs *pairs = to;

	if (value->type != JSON_OBJECT)
		return field_wrong_type(at, value, "an object");
	pairs->item = arena_alloc(at->arena, value->n * sizeof(*pairs->item));
	if (!pairs->item)
		return fail(at->err, -ENOMEM, "out of memory");
	for (const struct json *c = value->child; c; c = c->next) {
		struct field_at in = field_element(at, 0);

		in.key = c->key;
		pairs->item[pairs->n].key = c->key;
		int r = field_string(&in, c, &pairs->item[pairs->n].value);
		if (r < 0)
			return r;
		pairs->n++;
	}
	return 0;
}

int field_present(struct field_at *at, const struct json *value, void *to)
{
	if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
		return field_wrong_type(at, value, "an object");
	*(bool *)to = value->n > 0;
	return 0;
}

/* "a, b, c" if that is short enough to help. */
static const char *choices(struct field_at *at, const struct oci_name *names)
{
	char *list = NULL;

	for (; names->name; names++) {
		list = list ? arena_printf(at->arena, "%s, %s", list, names->name)
			    : arena_strdup(at->arena, names->name);
		if (!list || strlen(list) > 64)
			return NULL;
	}
	return list;
}

static int read_name(struct field_at *at, const struct json *value, uint64_t *ret)
{
	if (value->type != JSON_STRING)
		return field_wrong_type(at, value, "a string");
	if (oci_name_value(at->field->names, value->text, ret))
		return 0;
	const char *shown = field_shown(at, value->text);
	const char *list = choices(at, at->field->names);
	return list ? field_bad(at, NULL, "\"%s\" is none of %s", shown, list)
		    : field_bad(at, NULL, "\"%s\" is not known", shown);
}

int field_name(struct field_at *at, const struct json *value, void *to)
{
	uint64_t n;
	int r = read_name(at, value, &n);

	if (r == 0)
		store(to, &n, at->field->size);
	return r;
}

int field_names(struct field_at *at, const struct json *value, void *to)
{
	uint32_t *array = field_array_make(at, value, sizeof(*array), to);
	uint64_t n = 0;
	size_t i = 0;

	if (!array)
		return at->err->code;
	for (const struct json *c = value->child; c; c = c->next, i++) {
		struct field_at in = field_element(at, i);
		int r = read_name(&in, c, &n);
		if (r < 0)
			return r;
		array[i] = (uint32_t)n;
	}
	return 0;
}

int field_name_bits(struct field_at *at, const struct json *value, void *to)
{
	uint64_t bits = 0, n = 0;
	size_t i = 0;

	if (value->type != JSON_ARRAY)
		return field_wrong_type(at, value, "an array");
	for (const struct json *c = value->child; c; c = c->next, i++) {
		struct field_at in = field_element(at, i);
		int r = read_name(&in, c, &n);
		if (r < 0)
			return r;
		bits |= n;
	}
	store(to, &bits, at->field->size);
	return 0;
}
