/* scratch.h - a directory for one test, gone when the test's process ends */
#ifndef CKRUN_TESTS_SCRATCH_H
#define CKRUN_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/check.h"

static char scratch_path[64];
static pid_t scratch_owner;

static inline int scratch_remove_one(const char *path, const struct stat *st, int what,
				     struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	return remove(path);
}

static inline void scratch_remove(void)
{
	if (getpid() == scratch_owner)
		nftw(scratch_path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int scratch(void)
{
	snprintf(scratch_path, sizeof(scratch_path), "/tmp/ckrun-test-XXXXXX");
	check(mkdtemp(scratch_path));
	scratch_owner = getpid();
	atexit(scratch_remove);
	int fd = open(scratch_path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	check(fd >= 0);
	return fd;
}

static inline void scratch_put(int dir, const char *name, const void *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

static inline size_t scratch_get(int dir, const char *name, void *data, size_t size)
{
	int fd = openat(dir, name, O_RDONLY);

	check(fd >= 0);
	ssize_t n = read(fd, data, size);
	check(n >= 0);
	close(fd);
	return (size_t)n;
}

static inline int scratch_has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif
