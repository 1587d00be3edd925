/* field.h - JSON objects read into structs by tables of fields
 *
 *	static const struct field fields[] = {
 *		{"path", IN(struct oci_root, path), field_string, .flags = FIELD_NEEDED},
 *		{"readonly", IN(struct oci_root, readonly), field_bool},
 *	};
 *	static const struct field_table root_table = TABLE(struct oci_root, fields);
 *
 * A field more is a row more.  Members that no row names are ignored, as the specification
 * wants; null and "" count as absent.  A value that does not fit is one sentence with its path:
 *
 *	linux.resources.memory.limit: "12" is a string, a number is needed
 *
 * The rows name a reader; each says below what it stores.  "pointer and count" means two
 * struct members, `T *x; size_t n_x;`, the field being x.
 */
#ifndef CKRUN_OCI_FIELD_H
#define CKRUN_OCI_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct json;
struct oci_name;

/* Where in the document we are; lives on the stack of the readers. */
struct field_at {
	struct arena *arena;
	struct err *err;
	const struct field_at *up; /* NULL: the whole document */
	const char *key;           /* NULL: element `index` of an array */
	size_t index;
	const struct field *field; /* the row in use */
};

typedef int field_reader(struct field_at *at, const struct json *value, void *to);

enum field_flags {
	FIELD_NEEDED = 1,     /* absent is an error */
	FIELD_ABSOLUTE = 2,   /* strings: every one is an absolute path */
	FIELD_ASSIGNMENT = 4, /* strings: every one is NAME=value */
	FIELD_ZERO_UNSET = 8, /* optional numbers: 0 means absent */
};

struct field_table {
	const struct field *field;
	size_t n, size;                                   /* rows; bytes of the struct */
	int (*finish)(struct field_at *at, void *object); /* after the rows; may be NULL */
};

struct field {
	const char *name;
	size_t offset, size;
	field_reader *read;
	unsigned int flags;
	int64_t min; /* numbers: the range; 0 and 0: whatever fits */
	uint64_t max;
	const struct field_table *object; /* of field_object, field_array and field_map */
	const struct oci_name *names;     /* of field_name, field_names and field_name_bits */
};

#define IN(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define FIELDS(rows) .field = (rows), .n = sizeof(rows) / sizeof((rows)[0])
#define TABLE(type, rows)                          \
	{                                          \
		FIELDS(rows), .size = sizeof(type) \
	}
#define TABLE_FINISH(type, rows, fn)                               \
	{                                                          \
		FIELDS(rows), .size = sizeof(type), .finish = (fn) \
	}

field_reader field_string;    /* char * */
field_reader field_bool;      /* bool */
field_reader field_signed;    /* int of any size */
field_reader field_unsigned;  /* unsigned int of any size */
field_reader field_opt_i64;   /* struct oci_opt_i64 */
field_reader field_opt_u64;   /* struct oci_opt_u64 */
field_reader field_opt_bool;  /* struct oci_opt_bool */
field_reader field_u32s;      /* uint32_t pointer and count, from an array of numbers */
field_reader field_strings;   /* struct oci_strings */
field_reader field_pairs;     /* struct oci_pairs, from an object of strings */
field_reader field_name;      /* unsigned int of any size, from one of .names */
field_reader field_names;     /* uint32_t pointer and count, from an array of .names */
field_reader field_name_bits; /* unsigned int of any size: an array of .names, or'ed */
field_reader field_object;    /* the struct of .object */
field_reader field_array;     /* pointer and count of structs, from an array of objects */
field_reader field_map;       /* likewise from an object of objects: the key goes into the first
			      * member, a char * */
field_reader field_present;   /* bool: an object or array that is not empty is there */

/* For readers of your own: the value as an object, or an array of objects, of that table. */
int field_read_object(struct field_at *at, const struct json *value,
		      const struct field_table *table, void *to);
int field_read_array(struct field_at *at, const struct json *value,
		     const struct field_table *table, void *to);

/* field_document() - reads a whole text; to is a struct of the table. */
int field_document(struct arena *arena, const char *text, size_t len,
		   const struct field_table *table, void *to, struct err *err);

/* field_bad() - the value at this place will not do: -EINVAL, with the path before the
 * sentence.  below names a member of the object at this place, or is NULL. */
int field_bad(const struct field_at *at, const char *below, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* field_shown() - text cut and made fit for one line of a sentence. */
const char *field_shown(const struct field_at *at, const char *text);

#endif
