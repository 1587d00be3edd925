#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/cli/image_file.h"

int image_dir_fd(const char *path, int *ret_fd, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static int file_open(const char *path, size_t max, int *ret_fd, size_t *ret_size,
		     struct err *err)
{
	scoped_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, -EINVAL, "%s is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return fail(err, -EFBIG, "%s: %lld bytes, at most %zu can be read", path,
			    (long long)st.st_size, max);
	*ret_fd = take_fd(&fd);
	*ret_size = (size_t)st.st_size;
	return 0;
}

int file_load(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	scoped_free char *data = NULL;
	scoped_fd int fd = -1;
	size_t size = 0, at = 0;

	if (file_open(path, max, &fd, &size, err) < 0)
		return err->code;
	data = malloc(size + 1);
	if (!data)
		return fail(err, -ENOMEM, "%s: no memory for %zu bytes", path, size);
	while (at < size) {
		ssize_t n = read(fd, data + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "read %s", path);
		if (n == 0)
			break; /* it became shorter meanwhile */
		at += (size_t)n;
	}
	data[at] = '\0';
	*ret = take_ptr(data);
	*ret_len = at;
	return 0;
}

int file_save(const char *path, const void *data, size_t len, struct err *err)
{
	if (path && strcmp(path, "-") != 0)
		return file_replace(AT_FDCWD, path, data, len, 0600, err);
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
		return fail_errno(err, "standard output");
	return 0;
}
