/* types.h - the small shapes that every section of config.json is made of
 *
 * Everything that the parser returns lives in the caller's arena and ends with it.
 */
#ifndef CKRUN_OCI_TYPES_H
#define CKRUN_OCI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number or a truth that config.json may leave out. */
struct oci_opt_i64 {
	bool set;
	int64_t value; /* 0 unless set */
};

struct oci_opt_u64 {
	bool set;
	uint64_t value; /* 0 unless set */
};

struct oci_opt_bool {
	bool set;
	bool value; /* false unless set */
};

/* item[n] is NULL, so that item can be an argv; item itself is NULL if the field is absent. */
struct oci_strings {
	char **item;
	size_t n;
};

struct oci_pair {
	char *key, *value;
};

/* An object of strings (annotations, sysctl, unified), in the order of the file. */
struct oci_pairs {
	struct oci_pair *item;
	size_t n;
};

struct oci_id_map {
	uint32_t container_id, host_id, size;
};

struct oci_id_maps {
	struct oci_id_map *item;
	size_t n;
};

#endif
