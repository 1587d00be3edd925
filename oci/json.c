#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* One object or array that is not closed yet. */
struct level {
	struct json *node;
	struct json **tail;
	char *key; /* waits for its value */
};

struct build {
	struct arena *arena;
	struct err *err;
	const struct json_limits *limits;
	struct level level[JSON_LEVELS_MAX + 1]; /* [0] is a box around the whole */
	size_t depth, values;
	struct json box;
};

/* What yajl wants from a callback: 0 stops the parse. */
enum { STOP = 0, GO_ON = 1 };

static char *text_copy(struct build *b, const unsigned char *text, size_t len)
{
	if (memchr(text, '\0', len)) {
		fail(b->err, -EINVAL, "a string holds a NUL character");
		return NULL;
	}
	char *copy = arena_alloc(b->arena, len + 1);
	if (!copy)
		fail(b->err, -ENOMEM, "out of memory");
	else
		memcpy(copy, text, len);
	return copy;
}

static struct json *add(struct build *b, enum json_type type)
{
	struct level *top = &b->level[b->depth];
	struct json *node;

	if (++b->values > b->limits->values) {
		fail(b->err, -E2BIG, "over %zu values", b->limits->values);
		return NULL;
	}
	node = arena_new_struct(b->arena, struct json);
	if (!node) {
		fail(b->err, -ENOMEM, "out of memory");
		return NULL;
	}
	node->type = type;
	node->key = top->key;
	top->key = NULL;
	*top->tail = node;
	top->tail = &node->next;
	top->node->n++;
	return node;
}

static int on_null(void *ctx)
{
	return add(ctx, JSON_NULL) ? GO_ON : STOP;
}

static int on_bool(void *ctx, int truth)
{
	struct json *node = add(ctx, JSON_BOOL);

	if (!node)
		return STOP;
	node->truth = truth != 0;
	return GO_ON;
}

static int text_node(struct build *b, enum json_type type, const unsigned char *text,
		     size_t len)
{
	struct json *node = add(b, type);

	if (!node)
		return STOP;
	node->text = text_copy(b, text, len);
	return node->text ? GO_ON : STOP;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return text_node(ctx, JSON_NUMBER, (const unsigned char *)text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return text_node(ctx, JSON_STRING, text, len);
}

static int open_level(struct build *b, enum json_type type)
{
	struct json *node = add(b, type);

	if (!node)
		return STOP;
	if (b->depth >= b->limits->depth) {
		fail(b->err, -E2BIG, "over %zu levels", b->limits->depth);
		return STOP;
	}
	b->level[++b->depth] = (struct level){.node = node, .tail = &node->child};
	return GO_ON;
}

static int on_object(void *ctx)
{
	return open_level(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
	return open_level(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
	struct build *b = ctx;

	b->depth--;
	return GO_ON;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct build *b = ctx;

	b->level[b->depth].key = text_copy(b, text, len);
	return b->level[b->depth].key ? GO_ON : STOP;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

static void free_yajl(const yajl_handle *yajl)
{
	if (*yajl)
		yajl_free(*yajl);
}

/* yajl says "parse error: premature EOF\n"; the place we give as a line, as editors do. */
static int syntax_error(yajl_handle yajl, const char *text, size_t len, struct err *err)
{
	unsigned char *said = yajl_get_error(yajl, 0, (const unsigned char *)text, len);
	size_t seen = yajl_get_bytes_consumed(yajl), line = 1;
	const char *why = said ? (const char *)said : "syntax error";

	for (size_t i = 0; i < seen && i < len; i++)
		line += text[i] == '\n';
	int r = fail(err, -EINVAL, "line %zu: %.*s", line, (int)strcspn(why, "\n"), why);
	if (said)
		yajl_free_error(yajl, said);
	return r;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int object_is_unique(const struct json *object, struct err *err)
{
	scoped_free char **key = calloc(object->n + 1, sizeof(*key));
	size_t n = 0;

	if (!key)
		return fail_errno(err, "read JSON");
	for (const struct json *c = object->child; c; c = c->next)
		key[n++] = c->key;
	qsort(key, n, sizeof(*key), by_key);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(key[i - 1], key[i]))
			return fail(err, -EINVAL, "\"%.60s\" is there twice in one object",
				    key[i]);
	return 0;
}

/* As deep as JSON_LEVELS_MAX at most. */
static int keys_are_unique(const struct json *node, struct err *err)
{
	int r = node->type == JSON_OBJECT ? object_is_unique(node, err) : 0;

	for (const struct json *c = node->child; c && r == 0; c = c->next)
		if (c->child)
			r = keys_are_unique(c, err);
	return r;
}

int json_parse(struct arena *arena, const char *text, size_t len, const struct json **ret,
	       struct err *err)
{
	static const struct json_limits limits = {JSON_TEXT_MAX, JSON_DEPTH_MAX,
						  JSON_VALUES_MAX};

	return json_parse_within(arena, text, len, &limits, ret, err);
}

int json_parse_within(struct arena *arena, const char *text, size_t len,
		      const struct json_limits *limits, const struct json **ret,
		      struct err *err)
{
	struct build b = {.arena = arena, .err = err, .limits = limits};

	b.level[0] = (struct level){.node = &b.box, .tail = &b.box.child};
	if (len > limits->text)
		return fail(err, -E2BIG, "over %zu bytes", limits->text);
	scoped(free_yajl) yajl_handle yajl = yajl_alloc(&callbacks, NULL, &b);
	if (!yajl)
		return fail(err, -ENOMEM, "out of memory");
	/* Paths are bytes on Linux; what we wrote ourselves must come back. */
	yajl_config(yajl, yajl_dont_validate_strings, 1);
	yajl_status status = yajl_parse(yajl, (const unsigned char *)text, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(yajl);
	if (status == yajl_status_client_canceled)
		return err->code;
	if (status != yajl_status_ok)
		return syntax_error(yajl, text, len, err);
	if (!b.box.child)
		return fail(err, -EINVAL, "empty");
	int r = keys_are_unique(b.box.child, err);
	if (r < 0)
		return r;
	*ret = b.box.child;
	return 0;
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *c = object->child; c; c = c->next)
		if (!strcmp(c->key, key))
			return c->type == JSON_NULL ? NULL : c;
	return NULL;
}

const char *json_get_string(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->text : NULL;
}

int json_need_string(const struct json *object, const char *key, const char **ret,
		     struct err *err)
{
	const char *text = json_get_string(object, key);

	if (!text)
		return fail(err, -EINVAL, "%s: a string is needed", key);
	*ret = text;
	return 0;
}

int json_need_int(const struct json *object, const char *key, int64_t *ret, struct err *err)
{
	const struct json *value = json_get(object, key);
	int64_t number;

	if (!value || !json_signed(value, &number))
		return fail(err, -EINVAL, "%s: a whole number is needed", key);
	*ret = number;
	return 0;
}

/* The text of a JSON number is digits with an optional minus, or it has a '.', 'e' or 'E'. */
static bool is_whole(const struct json *number)
{
	return number->type == JSON_NUMBER &&
	       !number->text[strspn(number->text, "-0123456789")];
}

bool json_signed(const struct json *number, int64_t *ret)
{
	if (!is_whole(number))
		return false;
	errno = 0;
	long long value = strtoll(number->text, NULL, 10);
	if (errno)
		return false;
	*ret = value;
	return true;
}

bool json_unsigned(const struct json *number, uint64_t *ret)
{
	if (!is_whole(number) || number->text[0] == '-')
		return false;
	errno = 0;
	unsigned long long value = strtoull(number->text, NULL, 10);
	if (errno)
		return false;
	*ret = value;
	return true;
}
