/* field_kind.h - what the readers of field.h share among themselves */
#ifndef CKRUN_OCI_FIELD_KIND_H
#define CKRUN_OCI_FIELD_KIND_H

#include "oci/field.h"

/* "12" is a string, a number is needed: -EINVAL. */
int field_wrong_type(const struct field_at *at, const struct json *value, const char *needed);

/* field_array_make() - the pointer and count of an array value; NULL: see at->err. */
void *field_array_make(struct field_at *at, const struct json *value, size_t size, void *to);

/* field_element() - the place of one element. */
struct field_at field_element(const struct field_at *array, size_t index);

#endif
