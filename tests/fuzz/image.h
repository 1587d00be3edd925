/* image.h - what the fuzzers of the image readers share: a directory in memory */
#ifndef CKRUN_FUZZ_IMAGE_H
#define CKRUN_FUZZ_IMAGE_H

#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/image/files.h"

#define must(cond) ((cond) ? (void)0 : abort())

static char fuzz_path[] = "/dev/shm/ckrun-fuzz-XXXXXX";

static inline void fuzz_put(int dir, const char *name, const void *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

static inline void fuzz_dir_remove(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", fuzz_path);
	if (system(command))
		return; /* what is left lies in memory */
}

static inline int fuzz_dir(void)
{
	must(mkdtemp(fuzz_path));
	atexit(fuzz_dir_remove);
	int fd = open(fuzz_path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

/* The magics of a file; how many bytes they are. */
static inline size_t fuzz_head(enum image_file file, unsigned char *to)
{
	const struct image_file_type *type = image_file_type(file);
	const uint32_t before = image_head_magic(type->head);
	uint32_t magic[2] = {htole32(before), htole32(type->magic)};

	if (type->head == IMAGE_HEAD_NONE)
		return 0;
	size_t len = before ? 8 : 4;
	memcpy(to, before ? magic : &magic[1], len);
	return len;
}

#endif
