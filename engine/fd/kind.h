/* kind.h - one kind of file descriptor: how to know it, describe it, make it again
 *
 * Each kind is one .c file that exports one `const struct fd_kind`; kinds.c lists them and
 * nothing else in ckrun names a kind.  Sockets have a folder of their own (engine/sock), their
 * kinds stand in the same table.
 *
 * A kind sees one open file description at a time (struct open_file).  Descriptors, duplicates
 * and sharing between tasks are the business of checkpoint/survey and restore/furnish.
 *
 * Where the code runs: dump() and restore() run in ckrun itself, which is then in the network
 * namespace of the container (so sockets are made and listed there) and in its own mount and
 * pid namespaces: paths of the container are opened below `root` with openat2(2) and
 * RESOLVE_IN_ROOT; pids are translated through the model.
 */
#ifndef CKRUN_FD_KIND_H
#define CKRUN_FD_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/model/model.h"

struct err;
struct image_dir;

/* An object outside the container that its stdio led to, and what stands for it now. */
struct stdio_link {
	const char *link; /* what /proc/PID/fd/NUM read: "pipe:[42]", "/dev/pts/3", a path */
	int num;          /* 0-2 */
};

/* What the rooms may use while they describe files.  Every task and every open file of the
 * set is in the model before the first dump(), so "is the other end inside?" can be asked. */
struct fd_dump {
	struct model *model;
	struct image_dir *image; /* payloads: pipes-data, sk-queues, ghost files */
	int root;                /* the container's root directory */
	const char *const
		*init_stdio;      /* links of 0-2 that the init began with; NULLs: unknown */
	struct stdio_link *stdio; /* grows: fd_stdio_add() */
	size_t n_stdio;
	bool tcp_established, ext_unix_sk, shell_job;
	bool on_host; /* a tree in our namespaces: nobody makes terminals or stdio for it */
	void *pipes, *ttys, *regs, *ghosts, *locks, *memfds,
		*socks; /* each room's own; in the arena, NULL at first */
};

/* What the rooms may use while they make files. */
struct fd_make {
	struct model *model;
	struct image_dir *image;
	int root;
	const struct stdio_link *stdio; /* of the image */
	size_t n_stdio;
	const int *stdio_now; /* ckrun's own descriptors that stand for 0-2 */
	int pass_num;         /* of the passing socket in tasks that have one: task->pass */
	bool tcp_established, tcp_close, ext_unix_sk;
	/* each room's own; in the arena, NULL at first */
	void *pipes, *fifos, *socks, *ghosts, *ttys, *memfds;
};

struct fd_kind {
	const char *name; /* in messages; never changes */
	FdTypes type;     /* in the image */

	/* match() - is this file ours?  Looks only. */
	bool (*match)(const struct open_file *file);
	/* made_by() - is this record ours? NULL: every record of the type. */
	bool (*made_by)(const FileEntry *entry);

	/* prepare() - before any dump(), for every file of the kind: what must be still on
	 * both ends before either is read (TCP: repair mode on).  NULL: nothing. */
	int (*prepare)(struct fd_dump *dump, struct open_file *file, struct err *err);
	/* unprepare() - undo; also when the tasks are to die. Cannot fail. */
	void (*unprepare)(struct open_file *file, bool tasks_die);

	/* dump() - fills the submessage of file->entry (type and id are set); leaves the file
	 * as it was.  0, REFUSED or -errno. */
	int (*dump)(struct fd_dump *dump, struct open_file *file, struct err *err);

	/* finish() - every file is described: what files of the kind have in common is written
	 * to the image (contents of pipes, ghosts).  NULL: nothing. */
	int (*finish)(struct fd_dump *dump, struct err *err);

	/* restore() - file->entry is given; *ret_fd is a new close-on-exec descriptor that the
	 * model takes over.  Offset, flags and owner are the kind's job too (engine/fd/fown).
	 * Files that can only be made together (the ends of a pipe) are made by the first
	 * restore(), which sets the fd of the others itself. */
	int (*restore)(struct fd_make *make, struct open_file *file, int *ret_fd,
		       struct err *err);

	/* settle() - every file of the set is made and every task has its descriptors (tasks
	 * can be visited: task->plant): watches, queues, connections.  NULL: nothing. */
	int (*settle)(struct fd_make *make, struct open_file *file, struct err *err);
};

/* fd_kind_of() - the first kind that matches; never NULL, the last one refuses by name. */
const struct fd_kind *fd_kind_of(const struct open_file *file);
/* fd_kind_for() - by the type in the image; NULL: unknown to this ckrun. */
const struct fd_kind *fd_kind_for(const FileEntry *entry);

/* fd_dump_file() - describes a file that a task holds; a failure says whose it was.  Kind and
 * entry are found and made if they are not there.  A file without holder (reg_describe()) is
 * left alone. */
int fd_dump_file(struct fd_dump *dump, struct open_file *file, struct err *err);
/* fd_dump_finish() - once, after the last file was described. */
int fd_dump_finish(struct fd_dump *dump, struct err *err);

/* fd_make_file() - the descriptor of file id, made now if it was not yet: for every file that
 * a task has a descriptor for, and for kinds whose files need others.  Borrowed. */
int fd_make_file(struct fd_make *make, uint32_t id, int *ret_fd, struct err *err);
/* fd_settle() - settle() of every file that was made, kind by kind in the order of the table:
 * an epoll sees files that are as they will be. */
int fd_settle(struct fd_make *make, struct err *err);

/* fd_make_end() - closes what rooms kept for later calls; no file is made or opened after. */
void fd_make_end(struct fd_make *make);

/* fd_holder() - some task that holds the file, and its number there. NULL: none. */
const struct task *fd_holder(const struct model *model, const struct open_file *file,
			     int *ret_num);

/* fd_stdio_add() - this file leads out of the container, and a root task has it as stdio, or the
 * init began with it (a shell parks its stdout under another number while it redirects):
 * remember it.  -ENOENT if no root holds it as 0, 1 or 2. */
int fd_stdio_add(struct fd_dump *dump, const struct open_file *file, struct err *err);
/* fd_stdio_take() - a descriptor of ours (borrowed) that stands for this link, or -ENOENT. */
int fd_stdio_take(const struct fd_make *make, const char *link);

#endif
