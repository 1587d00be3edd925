/* reg_place.h - where in the container a file is: internal to the rooms of files with a path */
#ifndef CKRUN_FD_REG_PLACE_H
#define CKRUN_FD_REG_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct err;
struct fd_dump;
struct open_file;

/* What is being described: a descriptor of a task, or a reference of another sort. */
struct reg_look {
	int fd;
	const struct stat *st;
	const char *link;
	uint32_t flags;
	const struct open_file *stdio; /* may be the container's stdio; NULL: cannot */
};

enum place { PLACE_PATH, PLACE_GHOST, PLACE_STDIO };

/* reg_place() - enum place; *ret_path is the path below the container's root, or with PLACE_STDIO
 * the link.  Refuses what the container's root does not show. */
int reg_place(struct fd_dump *dump, const struct reg_look *look, const char **ret_path,
	      struct err *err);

/* reg_is_harmless() - a memory device that keeps nothing. */
bool reg_is_harmless(dev_t rdev);

#endif
