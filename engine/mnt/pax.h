/* pax.h - the records of a member's pax header */
#ifndef CKRUN_MNT_PAX_H
#define CKRUN_MNT_PAX_H

#include <stdbool.h>

#include "engine/mnt/tar.h"

struct pax {
	struct tar_member *member; /* times and attributes go here */
	struct arena *arena;
	const char *path, *link, *sparse_name, *type; /* NULL: not said */
	bool has_size, has_uid, has_gid, has_mtime, has_atime, is_sparse;
	uint64_t size, uid, gid, sparse_major, sparse_minor, real_size;
};

/* pax_parse() - text of len bytes, which is taken apart in place; keys not known are passed
 * over, as POSIX has it. */
int pax_parse(struct pax *pax, char *text, size_t len, struct err *err);

/* pax_number() - decimal, nothing else. */
int pax_number(const char *text, uint64_t *ret, struct err *err);

#endif
