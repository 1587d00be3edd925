/* tty.h - the two rooms of terminals: tty.c looks, tty_make.c opens them again */
#ifndef CKRUN_FD_TTY_H
#define CKRUN_FD_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "engine/fd/path.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/tty.pb-c.h"

struct err;
struct fd_make;
struct open_file;

enum { PTS_FIRST = 136, PTS_LAST = 143, PTS_EACH = 256, PTS_PATH = 32 };

static inline bool is_pts(dev_t rdev)
{
	return major(rdev) >= PTS_FIRST && major(rdev) <= PTS_LAST;
}

static inline uint32_t pts_index(uint32_t dev)
{
	return (major(dev) - PTS_FIRST) * PTS_EACH + minor(dev);
}

static inline const char *pts_path(char buf[PTS_PATH], uint32_t index)
{
	snprintf(buf, PTS_PATH, "/dev/pts/%u", index);
	return buf;
}

static inline bool is_master(const RegFileEntry *path)
{
	return !strcmp(path_base(path->name), "ptmx");
}

int tty_restore(struct fd_make *make, struct open_file *file, int *ret_fd, struct err *err);
int tty_settle(struct fd_make *make, struct open_file *file, struct err *err);

#endif
