/* bytes.c - files of an image directory as bytes, opened so that nothing else is opened */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "engine/image/crc32c.h"
#include "engine/image/inside.h"
#include "engine/image/limits.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int image_file_open(int dir, const char *name, int *ret_fd, uint64_t *ret_size, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	scoped_fd int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0 && errno == ELOOP)
		return fail(err, -ELOOP, "%s is a symbolic link, not a file", name);
	if (fd < 0)
		return fail_errno(err, "%s", name);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "%s", name);
	if (!S_ISREG(st.st_mode))
		return fail(err, -EINVAL, "%s is not a regular file", name);
	*ret_fd = take_fd(&fd);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int image_create_file(const struct image_dir *dir, const char *name, int *ret_fd,
		      struct err *err)
{
	int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return fail_errno(err, "%s", name);
	*ret_fd = fd;
	return 0;
}

int image_write_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int bytes_read(int fd, size_t size, struct image_bytes *ret, struct err *err)
{
	scoped_free unsigned char *data = malloc(size ? size : 1);

	if (!data)
		return fail(err, -ENOMEM, "no memory for %zu bytes", size);
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, data + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "read");
		if (n == 0)
			return fail(err, -EIO, "it became shorter while it was read");
		at += (size_t)n;
	}
	*ret = (struct image_bytes){.data = take_ptr(data), .size = size};
	return 0;
}

static int bytes_map(int fd, size_t size, struct image_bytes *ret, struct err *err)
{
	void *data = NULL;

	if (size)
		data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return fail_errno(err, "map");
	*ret = (struct image_bytes){.data = data, .size = size, .mapped = true};
	return 0;
}

void image_bytes_free(struct image_bytes *bytes)
{
	if (!bytes->mapped && !bytes->borrowed)
		free(bytes->data);
	else if (bytes->mapped && bytes->size)
		munmap(bytes->data, bytes->size);
	*bytes = (struct image_bytes){};
}

static int member_check(const struct image_dir *dir, const char *name, enum image_how how,
			struct image_bytes *bytes, struct err *err)
{
	const struct image_member *member = image_member_find(dir, name);

	if (dir->foreign || !member) /* the manifest itself lists no manifest */
		return 0;
	if (bytes->size != member->length)
		return fail(err, -EBADMSG, "%zu bytes, the manifest says %llu", bytes->size,
			    (unsigned long long)member->length);
	if (how == IMAGE_READ && crc32c(0, bytes->data, bytes->size) != member->crc)
		return fail(err, -EBADMSG, "its contents are not what the manifest says");
	bytes->crc = member->crc;
	return 0;
}

static int bytes_load(const struct image_dir *dir, const char *name, enum image_how how,
		      struct image_bytes *ret, struct err *err)
{
	scoped_fd int fd = -1;
	scoped(image_bytes_free) struct image_bytes bytes = {};
	uint64_t size;
	int r = image_file_open(dir->fd, name, &fd, &size, err);

	if (r < 0)
		return r;
	if (size > IMAGE_FILE_MAX)
		return fail(err, -EFBIG, "%llu bytes are too large", (unsigned long long)size);
	r = how == IMAGE_MAP || size > IMAGE_WHOLE_MAX ? bytes_map(fd, size, &bytes, err)
						       : bytes_read(fd, size, &bytes, err);
	if (r >= 0)
		r = member_check(dir, name, how, &bytes, err);
	if (r < 0)
		return fail_in(err, "%s", name);
	*ret = bytes;
	bytes = (struct image_bytes){};
	return 0;
}

int image_bytes_load(const struct image_dir *dir, const char *name, enum image_how how,
		     struct image_bytes *ret, struct err *err)
{
	if (!dir->foreign && dir->n_members && !image_member_find(dir, name))
		return fail(err, -ENOENT, "%s is not part of the image", name);
	return bytes_load(dir, name, how, ret, err);
}

DIR *image_dir_stream(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own < 0 ? NULL : fdopendir(own);

	if (!d && own >= 0)
		close(own);
	return d;
}

void image_dir_stream_drop(DIR **d)
{
	if (*d)
		closedir(*d);
}
