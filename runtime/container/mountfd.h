/* mountfd.h - mounts as descriptors: made detached, put on a descriptor, never on a path
 *
 * fsopen(2), open_tree(2), move_mount(2): Linux 5.2; mount_setattr(2): 5.12.  A descriptor of a
 * detached mount goes on naming the mount's root after it was put somewhere.
 */
#ifndef CKRUN_CONTAINER_MOUNTFD_H
#define CKRUN_CONTAINER_MOUNTFD_H

#include <stdint.h>

struct err;

enum mountfd_depth { MOUNTFD_ONE, MOUNTFD_TREE };

/* mountfd_new() - a new file system.  data: options joined by commas, or NULL; ms: MS_* flags,
 * of which those of a mount become its attributes and those of a superblock options; a
 * read-only superblock is asked for by MS_RDONLY only where there is a device behind it.
 * The kernel's own complaint is in err. */
int mountfd_new(const char *type, const char *source, unsigned long ms, const char *data,
		int *ret_fd, struct err *err);

/* mountfd_clone() - what is mounted at (dir, path), from there on downwards; path "" is dir. */
int mountfd_clone(int dir, const char *path, enum mountfd_depth depth, int *ret_fd,
		  struct err *err);

/* mountfd_set() - attributes (MOUNT_ATTR_*) to set and to clear; atime bits as one field. */
int mountfd_set(int mount, uint64_t set, uint64_t clear, enum mountfd_depth depth,
		struct err *err);

/* mountfd_propagate() - MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE; with MS_REC the whole
 * tree; 0: nothing to do. */
int mountfd_propagate(int mount, unsigned long propagation, struct err *err);

/* mountfd_attach() - on top of what `on` names. */
int mountfd_attach(int mount, int on, struct err *err);

/* mountfd_attributes() - the MOUNT_ATTR_* that MS_* flags stand for. */
uint64_t mountfd_attributes(unsigned long ms);

#endif
