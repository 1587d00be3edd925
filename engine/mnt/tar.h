/* tar.h - POSIX pax archives: members written one by one, and read the same way
 *
 * Format  POSIX.1-2001 pax interchange.  Every member has a header of records that ustar cannot
 *         hold: times in nanoseconds, long names, large numbers,
 *           SCHILY.xattr.NAME                    extended attributes, as tar and libarchive do
 *           GNU.sparse.major=1 minor=0 name realsize   holes: the map stands before the data
 *           CKRUN.type=socket                    an empty file stands for a socket
 * Bytes   come from and go to a function, so that what frames them (gzip) is not known here.
 * Trust   a reader takes nothing for granted: numbers are checked, names hold no NUL; what a name
 *         means is its caller's affair.
 */
#ifndef CKRUN_MNT_TAR_H
#define CKRUN_MNT_TAR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "engine/kernel/runs.h"

struct arena;
struct err;

enum tar_type {
	TAR_FILE = '0',
	TAR_LINK = '1', /* hard link to an earlier member */
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
	TAR_SOCKET = 's', /* not in the file */
};

struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};

struct tar_member {
	const char *path; /* "./a/b" */
	enum tar_type type;
	const char *link; /* of TAR_LINK a path as above, of TAR_SYMLINK any text */
	mode_t mode;      /* permissions */
	uint32_t uid, gid;
	uint32_t major, minor;
	struct timespec mtime, atime;
	uint64_t size;    /* of a file, holes included */
	struct runs data; /* of a file: what is no hole; all of it is in the archive */
	struct tar_xattr *xattr;
	size_t n_xattrs;
};

/* --- writing */

struct tar_out {
	int (*write)(void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
	uint64_t written; /* of the data of this member */
};

/* tar_put() - the head of a member; then tar_put_data() with as many bytes as its runs have,
 * tar_put_end() after the last of it. */
int tar_put(struct tar_out *out, const struct tar_member *member, struct err *err);
int tar_put_data(struct tar_out *out, const void *data, size_t len, struct err *err);
int tar_put_end(struct tar_out *out, struct err *err);
int tar_finish(struct tar_out *out, struct err *err); /* of the archive */

/* --- reading */

struct tar_in {
	/* read() - exactly len bytes, or an error */
	int (*read)(void *ctx, void *data, size_t len, struct err *err);
	void *ctx;
	struct arena *arena; /* of the present member and some before; tar_in_drop() frees it */
	uint64_t used;       /* in it, about */
	uint64_t left;       /* of its data */
	uint64_t padded;     /* the same with padding */
};

/* tar_get() - the next member, which stays until the one after it is asked for: 1, or 0 at the end.
 * Data that was not read is skipped. */
int tar_get(struct tar_in *in, struct tar_member *ret, struct err *err);
int tar_get_data(struct tar_in *in, void *data, size_t len, struct err *err);
void tar_in_drop(struct tar_in *in); /* for scoped() */

#endif
