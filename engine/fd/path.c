#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/fd/path.h"

uint32_t path_flags(uint32_t flags)
{
	flags &= ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC | FASYNC);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		flags &= ~(uint32_t)O_TMPFILE;
	return flags | O_CLOEXEC | O_NOCTTY;
}

int path_open(int root, const char *path, uint32_t flags)
{
	struct open_how how = {
		.flags = path_flags(flags),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (flags & O_PATH) /* openat2(2) takes nothing superfluous */
		how.flags = (flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW)) | O_CLOEXEC;
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

char *path_self(char buf[PATH_SELF_MAX], int fd)
{
	snprintf(buf, PATH_SELF_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

int path_reopen(int fd, uint32_t flags)
{
	char self[PATH_SELF_MAX];

	return open(path_self(self, fd), (int)(path_flags(flags) & ~(uint32_t)O_NOFOLLOW));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int path_parent(int root, const char *path)
{
	char dir[PATH_MAX];

	if (strlen(path) >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(dir, path, strlen(path) + 1);
	for (char *slash; (slash = strrchr(dir, '/'));) {
		*slash = '\0';
		int fd = path_open(root, *dir ? dir : "/", O_PATH | O_DIRECTORY);
		if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
			return fd;
	}
	errno = ENOENT;
	return -1;
}

uint64_t path_mount(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
	    !(stx.stx_mask & STATX_MNT_ID))
		return 0;
	return stx.stx_mnt_id;
}
