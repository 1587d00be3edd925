/* model.h - what a container is while it is carried
 *
 * The survey of a checkpoint fills these structs from the kernel, the load of a restore
 * fills the same structs from an image.  What a record of the image can hold is kept as that
 * record (CoreEntry, MmEntry, FileEntry ...); only relations are ours.  All of it lives in
 * the arena.
 *
 * Pids: `pid` and `tid` are as our pid namespace names them; those with a v as the
 * container's does.  While a restore has not made a task its pid is 0.
 */
#ifndef CKRUN_MODEL_MODEL_H
#define CKRUN_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/user.h>

#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/mm.pb-c.h"

struct arena;
struct err;
struct fd_kind;
struct log;
struct plant;
struct stat_task;
struct status_task;

/* An open file description, whoever holds it and under how many numbers. */
struct open_file {
	uint32_t id; /* in files.img, from 1 */
	const struct fd_kind *kind;
	FileEntry *entry;

	/* checkpoint: as seen from outside, through the first descriptor that was found */
	const struct task *holder;
	int num; /* the holder's number for it */
	int fd;  /* ours for it: pidfd_getfd(2); restore: ours, -1 until made */
	struct stat st;
	const char *link;   /* readlink of /proc/PID/fd/NUM */
	const char *fdinfo; /* text of /proc/PID/fdinfo/NUM */
	int mnt_id;         /* of fdinfo */
	uint64_t pos;
	uint32_t flags; /* O_*, without O_CLOEXEC; bit 15 (O_LARGEFILE) as the kernel has it */
	bool settled;   /* restore: settle() was done */
};

struct descriptor {
	int num;
	bool cloexec;
	struct open_file *file;
};

struct thread {
	pid_t tid, vtid;
	CoreEntry *core;
	const struct stat_task *stat; /* checkpoint: of /proc, once it had stopped */
	const struct status_task *status;
	struct user_regs_struct regs; /* as it stopped; what detaching goes back to */
	uint64_t sigmask;             /* likewise */
	bool stands;                  /* checkpoint: a signal had stopped it before we came */
};

enum task_state { TASK_ALIVE, TASK_STOPPED, TASK_ZOMBIE };

struct task {
	pid_t pid, vpid, vpgid, vsid;
	struct task *parent; /* NULL: a root, its parent is outside the set */
	enum task_state state;
	int pidfd;
	struct thread *thread; /* thread[0] is the leader */
	size_t n_threads;
	struct descriptor
		*fd; /* ascending numbers; of a shared table, the first holder's only */
	size_t n_fds;
	MmEntry *mm; /* NULL: a zombie, or the first sharer has it */
	FsEntry *fs;
	struct plant *plant; /* of a process that can be visited; else NULL */
	int pass;            /* restore: our end of the socket that its root's tree has */
};

struct model {
	struct arena *arena;
	struct task **task; /* parents before children, roots first */
	size_t n_tasks;
	struct open_file **file;
	size_t n_files;
	struct log *log;      /* NULL: none */
	const char **warning; /* what was given up without failing, a sentence each */
	size_t n_warnings;
};

/* model_warn() - remember a sentence for the user. */
void model_warn(struct model *model, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* model_add_task(), model_add_file() - a new one at the end, zeroed but for fd = -1 and pidfd = -1.
 * NULL: out of memory. */
struct task *model_add_task(struct model *model);
struct open_file *model_add_file(struct model *model);

/* model_drop_task() - the last one was none after all. */
void model_drop_task(struct model *model);

/* NULL: there is none */
struct task *model_task(const struct model *model, pid_t vpid);
struct open_file *model_file(const struct model *model, uint32_t id);

/* model_threads() - the tids of all threads that exist, in our pid namespace; in the arena.
 * NULL: out of memory. */
pid_t *model_threads(const struct model *model, size_t *ret_n);

/* model_task_name() - "task 7 (redis-server)", for messages; in the arena. */
const char *model_task_name(const struct model *model, const struct task *task);

/* The ids of a task are in its core record: equal ids, one object. */
const TaskKobjIdsEntry *task_ids(const struct task *task);
#define task_comm(task) ((task)->thread[0].core->tc->comm)

#endif
