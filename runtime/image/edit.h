/* edit.h - change what will be restored
 *
 * Rules are "OLD=NEW".  Files that a rule changes are written again and the manifest follows
 * (engine/image/amend.h); nothing is written if a rule fits nothing.  What the rest of the
 * container thinks of itself stays: names in memory, in other files, at the other end.
 */
#ifndef CKRUN_RUNTIME_IMAGE_EDIT_H
#define CKRUN_RUNTIME_IMAGE_EDIT_H

#include <stddef.h>

struct err;

struct edit_rules {
	const char **rule;
	size_t n;
};

struct edit_request {
	const char *hostname, *domainname; /* NULL: as they are */
	struct edit_rules path;            /* of files: OLD itself and what is below it */
	struct edit_rules unix_name;       /* of sockets; "@name" is one without a file */
	struct edit_rules address;         /* "10.0.0.1=10.0.0.2", IPv6 too, either end */
};

/* image_edit() - *ret_n: how many records were changed. */
int image_edit(int dir, const struct edit_request *request, size_t *ret_n, struct err *err);

#endif
