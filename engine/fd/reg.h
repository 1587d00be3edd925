/* reg.h - files that have a path: regular, directories, harmless devices
 *
 * Besides descriptors, tasks refer to files by mappings, exe, cwd and root.  Those are
 * described and opened by these two doors.
 *
 * Paths   The link of /proc/PID/fd/N, exe, cwd, map_files is printed relative to the root of
 *         the one who reads it if the file can be reached from there; from another mount
 *         namespace it is the path from the root of the file's mount namespace.  A chroot(2)
 *         of the task does not shorten it.  An unlinked file has " (deleted)" appended.
 *         So the link is a path below the container's root, and is proved to be: what
 *         openat2(2) with RESOLVE_IN_ROOT finds there must be the same inode.
 */
#ifndef CKRUN_FD_REG_H
#define CKRUN_FD_REG_H

#include <stdint.h>

#include "engine/image/schema/fdinfo.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* reg_describe() - a file of the model, with its entry, for what `fd` refers to (O_PATH is
 * enough; borrowed).  flags: how it is to be opened.  Same inode, path and flags: same file.
 * Refuses what fd_reg refuses: hidden under a mount, deleted with other names left, ... */
int reg_describe(struct fd_dump *dump, int fd, const char *link, uint32_t flags,
		 struct open_file **ret, struct err *err);

/* reg_describe_file() - a second file of the model for the path of an open file whose own entry
 * has none (fifos, terminals): with its flags and owner.  Its `ext` says that the path is not
 * the container's, and the file is stdio of a root task. */
int reg_describe_file(struct fd_dump *dump, const struct open_file *file,
		      struct open_file **ret, struct err *err);

/* reg_open() - open it again, close-on-exec; flags need not be those of the entry. Position
 * and owner are not set.  Refuses a file that is not what it was (type, mode, size). */
int reg_open(struct fd_make *make, const FileEntry *entry, uint32_t flags, int *ret_fd,
	     struct err *err);

#endif
