/* fdinfo-inotify.h - what an inotify descriptor watches
 *
 * Kernel  fs/notify/fdinfo.c, with CONFIG_INOTIFY_USER                       since
 *           wd ino sdev mask                                                 Linux 3.8
 *           fhandle-*, where the file system can export it                   Linux 3.8
 *         No path: the handle opens with open_by_handle_at(2) (CAP_DAC_READ_SEARCH), or is
 *         compared with those of name_to_handle_at(2).
 *         Events that nobody has read are not shown: FIONREAD tells how many bytes.
 */
#ifndef CKRUN_KERNEL_FDINFO_INOTIFY_H
#define CKRUN_KERNEL_FDINFO_INOTIFY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct inotify_watch {
	int32_t wd;
	uint64_t ino;
	dev_t dev;
	uint32_t mask;
	uint32_t handle_type, handle_bytes; /* 0 bytes: no handle */
	const unsigned char *handle;
};

struct inotify_watches {
	size_t n;
	struct inotify_watch *watch;
};

int fdinfo_inotify_parse(const char *text, struct arena *arena, struct inotify_watches *ret,
			 struct err *err);

#endif
