/* fdinfo-lock.h - the locks that are held through a descriptor
 *
 * Kernel  fs/locks.c show_fd_locks(), proc_locks(5)                          since
 *           lock: lines in fdinfo                                            Linux 4.1
 *         Shown are those whose owner is this open file (flock, open file description locks,
 *         leases) or this descriptor table (POSIX locks: each descriptor of the same inode
 *         shows the same ones).  Waiting requests are not shown.
 * Numbers  pid is 0 or -1 where it has no meaning in the pid namespace of /proc.  end is the last
 *          byte, INT64_MAX up to the end of the file.
 */
#ifndef CKRUN_KERNEL_FDINFO_LOCK_H
#define CKRUN_KERNEL_FDINFO_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

enum lock_kind {
	LOCK_FLOCK,
	LOCK_POSIX,
	LOCK_OFD,
	LOCK_LEASE,
	LOCK_OTHER, /* a delegation, or newer than this list */
};

struct file_lock {
	enum lock_kind kind;
	bool active;  /* LOCK_LEASE: false while it is being broken */
	int16_t type; /* F_RDLCK, F_WRLCK, F_UNLCK (a lease that was broken) */
	int32_t pid;
	dev_t dev;
	uint64_t ino;
	int64_t start, end;
};

struct file_locks {
	size_t n;
	struct file_lock *lock;
};

int fdinfo_lock_parse(const char *text, struct arena *arena, struct file_locks *ret,
		      struct err *err);

#endif
