/* json.h - JSON text to a tree in an arena, and back out through a writer
 *
 * yajl does the scanning and the printing.  Reading is limited for hostile input: 4 MiB of
 * text, 64 levels, 256 Ki values, no NUL inside a string, no key twice in an object (readers
 * differ in which one counts).
 *
 * Objects with many fields are read with a table of fields (field.h); json_get() and friends
 * serve small ones.  A null counts as an absent member everywhere, as engines written in Go
 * mean it.
 */
#ifndef CKRUN_OCI_JSON_H
#define CKRUN_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum {
	JSON_TEXT_MAX = 4 << 20,
	JSON_DEPTH_MAX = 64,
	JSON_VALUES_MAX = 256 << 10,
	JSON_LEVELS_MAX = 120, /* that any reader or writer here can do */
};

/* For texts that are larger by their nature, such as images of memory maps. */
struct json_limits {
	size_t text, depth, values; /* depth: JSON_LEVELS_MAX at most */
};

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool truth;         /* of a boolean */
	char *key;          /* in an object; else NULL */
	char *text;         /* of a string, or a number as it is written; else NULL */
	struct json *child; /* of an array or object, in the order of the text */
	struct json *next;  /* the next child of the same parent */
	size_t n;           /* children */
};

/* json_parse() - -EINVAL with line and reason; -E2BIG past a limit; -ENOMEM. */
int json_parse(struct arena *arena, const char *text, size_t len, const struct json **ret,
	       struct err *err);

int json_parse_within(struct arena *arena, const char *text, size_t len,
		      const struct json_limits *limits, const struct json **ret,
		      struct err *err);

/* The member of an object, or NULL if there is none, it is null, or object is no object. */
const struct json *json_get(const struct json *object, const char *key);
/* The text of a member that is a string, or NULL. */
const char *json_get_string(const struct json *object, const char *key);

/* Members that must be there and of their type: -EINVAL by name if not. */
int json_need_string(const struct json *object, const char *key, const char **ret,
		     struct err *err);
int json_need_int(const struct json *object, const char *key, int64_t *ret, struct err *err);

/* json_signed(), json_unsigned() - a whole number that fits, or false. */
bool json_signed(const struct json *number, int64_t *ret);
bool json_unsigned(const struct json *number, uint64_t *ret);

/* --- writing: failures are kept and come out of json_writer_take() */

enum json_style {
	JSON_COMPACT,
	JSON_SPACES, /* indented by two, as runc prints `state` */
	JSON_TABS,   /* indented by tabs, as runc writes `spec` */
};

struct json_writer;

struct json_writer *json_writer_new(enum json_style style); /* NULL: out of memory */
void json_writer_free(struct json_writer **writer);         /* for scoped() */

/* The key is NULL at the top and inside arrays. */
void json_object(struct json_writer *w, const char *key);
void json_array(struct json_writer *w, const char *key);
void json_end(struct json_writer *w); /* of the object or array opened last */
void json_string(struct json_writer *w, const char *key, const char *text);
void json_signed_number(struct json_writer *w, const char *key, int64_t value);
void json_unsigned_number(struct json_writer *w, const char *key, uint64_t value);
void json_bool(struct json_writer *w, const char *key, bool truth);

/* json_writer_take() - the finished text, with a newline unless compact; the caller's to
 * free.  -ENOMEM; -EINVAL if what was written is not one whole value. */
int json_writer_take(struct json_writer *w, char **ret, struct err *err);

#endif
