/* inroot.h - find and make files below a container's root, whatever its links say
 *
 * The tree was shaped by the container or by its image: every link in it may point anywhere.
 * openat2(2) (Linux 5.6) with RESOLVE_IN_ROOT resolves them as the container itself would, and
 * nothing here is ever named by a path again once it was opened.
 */
#ifndef CKRUN_CONTAINER_INROOT_H
#define CKRUN_CONTAINER_INROOT_H

#include <sys/types.h>

struct err;

enum inroot_links { INROOT_FOLLOW, INROOT_NO_LINKS /* -ELOOP if there is any on the way */ };

/* inroot_open() - path below root; flags as open(2), O_CLOEXEC is added. */
int inroot_open(int root, const char *path, int flags, enum inroot_links links, int *ret_fd,
		struct err *err);

/* inroot_try() - the same without a sentence: the descriptor or a negative errno. */
int inroot_try(int root, const char *path, int flags, enum inroot_links links);

/* inroot_make() - as O_PATH; what is missing is made: directories (mode 0755) and, with S_IFREG
 * as type, the empty file (0644) at the end.  Links that lead nowhere are followed and their
 * target is made, in the root. */
int inroot_make(int root, const char *path, mode_t type, int *ret_fd, struct err *err);

/* inroot_parent() - the directory that path's last component is in, made as above, and that
 * component (inside path), which is not resolved. */
int inroot_parent(int root, const char *path, int *ret_dir, const char **ret_base,
		  struct err *err);

#endif
