/* path.h - paths below the container's root
 *
 * Kernel  openat2(2) RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS                    Linux 5.6
 *         statx(2) STATX_MNT_ID                                                Linux 5.8
 */
#ifndef CKRUN_FD_PATH_H
#define CKRUN_FD_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* path_flags() - of the flags of an open file those that open(2) shall have again: without what
 * acts at once (O_CREAT, O_TRUNC), what it would do before the owner is set (O_ASYNC), and
 * O_TMPFILE, as the file is there. */
uint32_t path_flags(uint32_t flags);

/* path_open() - as open(2) with path_flags(), but no symlink, ".." or magic link leaves root.
 * -1 and errno. */
int path_open(int root, const char *path, uint32_t flags);

/* path_reopen() - another description of the object behind fd; without O_NOFOLLOW, as a link
 * of /proc is followed.  -1 and errno. */
int path_reopen(int fd, uint32_t flags);

/* path_self() - "/proc/self/fd/N"; returns buf. */
enum { PATH_SELF_MAX = 32 };
char *path_self(char buf[PATH_SELF_MAX], int fd);

/* path_parent() - opens (O_PATH) the nearest directory above `path` that exists.  -1, errno. */
int path_parent(int root, const char *path);
const char *path_base(const char *path); /* behind the last slash */

/* path_mount() - the id of the mount that fd is on; 0: unknown. */
uint64_t path_mount(int fd);

#endif
