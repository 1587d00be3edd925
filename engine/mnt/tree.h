/* tree.h - a file system's tree into an archive and back
 *
 * All three work below an open directory, the root of a mount, and never leave that mount: what
 * another mount covers is passed over.
 */
#ifndef CKRUN_MNT_TREE_H
#define CKRUN_MNT_TREE_H

#include <stdint.h>

struct err;
struct tar_in;
struct tar_out;

/* tree_pack() - everything below dir (O_RDONLY), dir itself first as "./".  Access times stay,
 * but for those of symbolic links.
 * Carried: type, contents with holes, owner, mode, times, extended attributes, hard links.
 * Lost: the times of last change, which nobody can set; the order of directories; attributes of
 * chattr(1) (Linux 6.6). */
int tree_pack(int dir, struct tar_out *out, struct err *err);

/* tree_sweep() - removes everything below dir but mount points, device nodes and the directories
 * they are in: devices and mounts are the bundle's. */
int tree_sweep(int dir, struct err *err);

/* tree_unpack() - an archive into dir.  What stands in the way is removed, but mount points; of a
 * device node that is there with other numbers, the bundle's stays.  A name with ".." or over
 * a link is refused by -EXDEV, -ELOOP or -EPROTO. */
int tree_unpack(int dir, struct tar_in *in, struct err *err);

/* mount_of() - which mount fd is in (Linux 5.8). */
int mount_of(int fd, uint64_t *ret, struct err *err);

#endif
