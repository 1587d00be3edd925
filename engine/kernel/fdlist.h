/* fdlist.h - the descriptors of a task, with what the kernel says about each
 *
 * Kernel  /proc/PID/fd, /proc/PID/fdinfo, and the same below task/TID        since
 *           pos, flags (octal, O_CLOEXEC among them)                         Linux 2.6.22, 3.1
 *           mnt_id                                                           Linux 3.15
 *           lock: a line for each lock of the file                           Linux 4.1
 *           ino                                                              Linux 5.14
 *         Threads without CLONE_FILES have a table of their own: kcmp(2) tells.
 * Text    The link's text is raw: nothing is escaped, " (deleted)" is appended to the path of an
 *         unlinked file.  Paths are as the task's root shows them.  "pipe:[7]" and others are
 *         no paths.
 */
#ifndef CKRUN_KERNEL_FDLIST_H
#define CKRUN_KERNEL_FDLIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct fdlist_entry {
	int fd;
	const char *link;
	uint64_t pos;
	uint32_t
		flags; /* O_*, as fcntl(F_GETFL) and FD_CLOEXEC together; O_LARGEFILE is 0100000 */
	uint32_t mnt_id; /* of mountinfo in the task's mount namespace */
	uint64_t ino;
	const char *info; /* the whole text of fdinfo, for the readers fdinfo-*.h */
};

struct fdlist {
	size_t n;
	struct fdlist_entry *entry; /* ascending */
};

/* fdlist_parse() - the lines that all kinds of files have, from the text of fdinfo. */
int fdlist_parse(const char *info, struct fdlist_entry *ret, struct err *err);

/* fdlist_read() - tid 0: of the process' first thread.  The task must not run meanwhile: a
 * descriptor that goes away is an error.  A zombie has none. */
int fdlist_read(pid_t pid, pid_t tid, struct arena *arena, struct fdlist *ret, struct err *err);

#endif
