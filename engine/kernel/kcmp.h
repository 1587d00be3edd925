/* kcmp.h - whether two tasks share a kernel object, and which of many are the same
 *
 * Kernel  kcmp(2), with CONFIG_KCMP                                          since
 *           file, memory, descriptor table, fs, signal handlers, I/O context,
 *           semaphore undo list                                              Linux 3.5
 *           the file that an epoll watches                                   Linux 4.13
 *         It orders objects by their (disguised) addresses: the order holds as long as they
 *         live, so the tasks must not run.  Needs PTRACE_MODE_READ_REALCREDS of both tasks.
 *         What a task has not (a zombie has no memory, most have no undo list) is an object too:
 *         all that lack it are said to share it.
 * Cost    1.2-1.6 us a call.  A set of n objects with the same hash takes about log2(n) calls to
 *         find one; objects whose hash differs are not compared at all.
 */
#ifndef CKRUN_KERNEL_KCMP_H
#define CKRUN_KERNEL_KCMP_H

#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;
struct fdlist_entry;
struct kcmp_node;

/* the kernel's numbers */
enum kcmp_kind {
	KIND_FILE,
	KIND_VM,
	KIND_FILES,
	KIND_FS,
	KIND_SIGHAND,
	KIND_IO,
	KIND_SYSVSEM,
};

struct kcmp_who {
	pid_t tid;
	int fd; /* KIND_FILE only */
};

/* kcmp_order() - 0: the same; -1, 1: another, before or after.  Errors in *ret_order untouched. */
int kcmp_order(enum kcmp_kind kind, struct kcmp_who a, struct kcmp_who b, int *ret_order,
	       struct err *err);

struct kcmp_watch {
	pid_t tid;
	int epoll;          /* descriptor of the epoll in that task */
	uint32_t tfd, toff; /* of struct epoll_watch */
};

/* kcmp_watches() - whether a watch of an epoll is on this file (KCMP_EPOLL_TFD, Linux 4.13).
 * Returns 1 or 0; -ENOENT: the epoll has no such watch. */
int kcmp_watches(struct kcmp_who file, struct kcmp_watch watch, struct err *err);

struct kcmp_set {
	enum kcmp_kind kind;
	struct arena *arena;
	struct kcmp_node *root; /* an AA tree by hash, then by the kernel's order */
	uint32_t n;             /* different objects so far */
	uint64_t calls;         /* of kcmp(2) */
};

/* kcmp_set_add() - the id of an object: equal objects get equal ids, from 0 up.
 * Equal objects must come with equal hashes; 0 always is right.
 * Returns 1 if the object is new to the set, 0 if not. */
int kcmp_set_add(struct kcmp_set *set, struct kcmp_who who, uint64_t hash, uint32_t *ret_id,
		 struct err *err);

/* kcmp_file_hash() - for KIND_FILE: of what all duplicates of one open file have in common.
 * dev is fstat(2)'s.  O_CLOEXEC is of the descriptor, not of the file, and left out. */
uint64_t kcmp_file_hash(const struct fdlist_entry *fd, dev_t dev);

#endif
