/* room.h - one group of what the kernel knows about a thread or process
 *
 * Each room is one .c file that exports one `const struct task_room`; rooms.c lists them in the
 * order in which a restore gives their state back.
 *
 * Checkpoint: look() reads from outside (proc text, ptrace), ask() adds system calls to the
 * list of this thread's only visit, answer() reads their results.  Restore: give() adds the
 * calls that bring the state back to the list of the thread's last visit; impose() does what
 * only a tracer or an outsider can do, afterwards.
 *
 * Rooms with scope EACH_PROCESS are asked for the leader only.
 */
#ifndef CKRUN_TASK_ROOM_H
#define CKRUN_TASK_ROOM_H

#include <stdint.h>

#include "engine/inject/calls.h"
#include "engine/kernel/stat.h"
#include "engine/kernel/status.h"
#include "engine/model/model.h"

enum room_scope { EACH_THREAD, EACH_PROCESS };

/* What ask() leaves for answer(): addresses of payload and indexes of calls. */
struct room_note {
	uint64_t at[4];
	unsigned int call[4];
};

struct seccomp_table;

struct task_seen {
	struct model *model;
	struct task *task;
	struct thread *thread; /* core and its required parts are allocated */
	const struct status_task *status;
	const struct stat_task *stat;
	struct calls *calls;
	struct room_note *note;        /* the room's own */
	struct seccomp_table *seccomp; /* of the whole image */
};

struct task_given {
	struct model *model;
	struct task *task;
	struct thread *thread;
	struct calls *calls;
	const struct seccomp_table *seccomp;
	uint64_t capabilities; /* bounding set of the bundle */
};

struct task_room {
	const char *name;
	enum room_scope scope;
	int (*look)(struct task_seen *seen, struct err *err);
	void (*ask)(struct task_seen *seen);
	int (*answer)(struct task_seen *seen, struct err *err);
	int (*give)(struct task_given *given, struct err *err);
	int (*impose)(struct task_given *given, struct err *err);
};

/* task_give_room() - for a room's give(): room for n more calls with size bytes of payload; if there
 * is none, what is on the list is made first.  Addresses given out before are gone then. */
int task_give_room(struct task_given *given, unsigned int n, size_t size, struct err *err);

/* task_look() - everything about one thread from outside.
 * task_ask() - everything about it from inside; task->plant is planted. */
int task_look(struct task_seen *seen, struct err *err);
int task_ask(struct task_seen *seen, struct err *err);
/* task_give() - everything but registers; the thread's last visit.
 * task_impose() - then this; afterwards nothing may run in the thread but its own code. */
int task_give(struct task_given *given, struct err *err);
int task_impose(struct task_given *given, struct err *err);

#endif
