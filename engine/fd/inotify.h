/* inotify.h - the two rooms of inotify: inotify.c, and inotify_find.c which finds paths */
#ifndef CKRUN_FD_INOTIFY_H
#define CKRUN_FD_INOTIFY_H

struct err;
struct fd_dump;
struct inotify_watch;

/* inotify_find() - a path below the container's root that leads to the watched inode; in the
 * arena.  Found by the handle that the kernel shows, or by looking through the file system;
 * proved by a watch of our own, which the kernel shows in the same words.
 * Refuses an inode without a path. */
int inotify_find(struct fd_dump *dump, const struct inotify_watch *watch, const char **ret,
		 struct err *err);

#endif
