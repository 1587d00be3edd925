#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "oci/json.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* yajl counts levels to 128 and then stops. */
enum { LEVELS = JSON_LEVELS_MAX };

struct json_writer {
	yajl_gen gen;
	enum json_style style;
	bool is_array[LEVELS];
	size_t depth;
	bool broken; /* a call out of order */
};

static const char *const indent[] = {
	[JSON_SPACES] = "  ",
	[JSON_TABS] = "\t",
};

struct json_writer *json_writer_new(enum json_style style)
{
	struct json_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->style = style;
	w->gen = yajl_gen_alloc(NULL);
	if (!w->gen) {
		free(w);
		return NULL;
	}
	if (style != JSON_COMPACT) {
		yajl_gen_config(w->gen, yajl_gen_beautify, 1);
		yajl_gen_config(w->gen, yajl_gen_indent_string, indent[style]);
	}
	return w;
}

void json_writer_free(struct json_writer **writer)
{
	if (!*writer)
		return;
	yajl_gen_free((*writer)->gen);
	free(*writer);
	*writer = NULL;
}

static void note(struct json_writer *w, yajl_gen_status status)
{
	/* "complete" is how yajl greets the last closing brace. */
	if (status != yajl_gen_status_ok && status != yajl_gen_generation_complete)
		w->broken = true;
}

static void text(struct json_writer *w, const char *s)
{
	note(w, yajl_gen_string(w->gen, (const unsigned char *)s, strlen(s)));
}

/* A member has a key; an element, or the whole, has none.  yajl would print either. */
static void key_text(struct json_writer *w, const char *key)
{
	bool in_object = w->depth && !w->is_array[w->depth - 1];

	if ((key != NULL) != in_object)
		w->broken = true;
	else if (key)
		text(w, key);
}

static void opened(struct json_writer *w, bool is_array)
{
	if (w->depth >= LEVELS)
		w->broken = true;
	else
		w->is_array[w->depth++] = is_array;
}

void json_object(struct json_writer *w, const char *key)
{
	key_text(w, key);
	note(w, yajl_gen_map_open(w->gen));
	opened(w, false);
}

void json_array(struct json_writer *w, const char *key)
{
	key_text(w, key);
	note(w, yajl_gen_array_open(w->gen));
	opened(w, true);
}

void json_end(struct json_writer *w)
{
	if (!w->depth) {
		w->broken = true;
		return;
	}
	if (w->is_array[--w->depth])
		note(w, yajl_gen_array_close(w->gen));
	else
		note(w, yajl_gen_map_close(w->gen));
}

void json_string(struct json_writer *w, const char *key, const char *value)
{
	key_text(w, key);
	text(w, value);
}

static void number(struct json_writer *w, const char *key, const char *digits)
{
	key_text(w, key);
	note(w, yajl_gen_number(w->gen, digits, strlen(digits)));
}

void json_signed_number(struct json_writer *w, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	number(w, key, digits);
}

void json_unsigned_number(struct json_writer *w, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	number(w, key, digits);
}

void json_bool(struct json_writer *w, const char *key, bool truth)
{
	key_text(w, key);
	note(w, yajl_gen_bool(w->gen, truth));
}

int json_writer_take(struct json_writer *w, char **ret, struct err *err)
{
	const unsigned char *buf;
	size_t len;

	if (w->broken || w->depth ||
	    yajl_gen_get_buf(w->gen, &buf, &len) != yajl_gen_status_ok || !len)
		return fail(err, -EINVAL, "what was written is not one whole JSON value");
	while (len && buf[len - 1] == '\n')
		len--;
	char *out = malloc(len + 2);
	if (!out)
		return fail_errno(err, "write JSON");
	memcpy(out, buf, len);
	if (w->style != JSON_COMPACT)
		out[len++] = '\n';
	out[len] = '\0';
	*ret = out;
	return 0;
}
