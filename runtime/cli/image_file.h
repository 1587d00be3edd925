/* image_file.h - files that the verbs of `ckrun image` read and write */
#ifndef CKRUN_CLI_IMAGE_FILE_H
#define CKRUN_CLI_IMAGE_FILE_H

#include <stddef.h>

struct err;

/* image_dir_fd() - the directory of an image. */
int image_dir_fd(const char *path, int *ret_fd, struct err *err);

/* file_load() - a regular file of at most `max` bytes, with a NUL behind it; the caller's to
 * free. */
int file_load(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err);

/* file_save() - 0600: images hold the memory of processes.  It holds the data or what it held
 * before.  NULL or "-" is standard output. */
int file_save(const char *path, const void *data, size_t len, struct err *err);

#endif
