/* checkpoint.h - what the phases of one checkpoint share
 *
 * Internal to this folder; the door is engine/engine.h.  checkpoint.c holds the table of phases.
 */
#ifndef CKRUN_CHECKPOINT_CHECKPOINT_H
#define CKRUN_CHECKPOINT_CHECKPOINT_H

#include <time.h>

#include "engine/engine.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/cgroup.pb-c.h"
#include "engine/mem/dump.h"
#include "engine/model/findings.h"
#include "engine/model/model.h"
#include "engine/phase.h"
#include "engine/task/seccomp.h"

struct arena;
struct calls;
struct image_dir;
struct ipc_state;
struct mnt_state;
struct ns_state;

struct checkpoint {
	const struct checkpoint_request *request;
	struct arena *arena;
	struct model model;
	struct image_dir *image;
	struct fd_dump fds;
	struct seccomp_table seccomp;
	struct calls *calls;
	int host_net, net; /* namespaces: ours before, the container's */
	bool in_net;       /* we are in the container's */
	bool frozen;       /* by us */
	bool committed;    /* the image is there */
	size_t infected;
	size_t prepared; /* files */
	struct findings refused;
	struct ns_state *ns;
	struct mnt_state *mnt;
	CgroupEntry *cgroups;
	struct ipc_state *ipc;
	struct mem_known known; /* files that were met as mappings */
	struct mem_written written;
	struct timespec froze, stood, copied, ended;
};

/* checkpoint_refused() - a reason not to checkpoint was found: keep its sentence and go on
 * looking, so that the user sees all of them at once.  Other failures pass through. */
int checkpoint_refused(struct checkpoint *c, int r, struct err *err);
/* checkpoint_verdict() - fails with all sentences if any was kept. */
int checkpoint_verdict(const struct checkpoint *c, struct err *err);

/* saved.c: registers and masks of every thread, on disk before any of them is changed, so that
 * a ckrun that is killed leaves nothing that the next one could not put right. */
int checkpoint_save(struct checkpoint *c, struct err *err);
void checkpoint_unsave(const struct checkpoint *c);

/* checkpoint_moment() - the caller may have its say. */
int checkpoint_moment(const struct checkpoint *c, const char *name, struct err *err);

/* One pair per phase; a release without a run of its own is not there. */
int checkpoint_freeze(void *ctx, struct err *err);
void checkpoint_thaw(void *ctx, enum fate fate);
int checkpoint_seize(void *ctx, struct err *err);
void checkpoint_let_go(void *ctx, enum fate fate);
int checkpoint_lock(void *ctx, struct err *err);
void checkpoint_unlock(void *ctx, enum fate fate);
int checkpoint_survey(void *ctx, struct err *err);
void checkpoint_forget(void *ctx, enum fate fate);
int checkpoint_infect(void *ctx, struct err *err);
void checkpoint_cure(void *ctx, enum fate fate);
int checkpoint_dump(void *ctx, struct err *err);
int checkpoint_pages(void *ctx, struct err *err);
int checkpoint_commit(void *ctx, struct err *err);

/* freeze.c: one task of the set after the other, which forks or makes threads meanwhile. */
int checkpoint_seize_thread(struct checkpoint *c, struct task *task, pid_t tid,
			    struct err *err);
int checkpoint_wait_thread(struct task *task, struct thread *thread, struct err *err);

/* descent.c: the set is a process and its descendants, and no cgroup holds them. */
int checkpoint_stop_tree(struct checkpoint *c, struct err *err);
void checkpoint_end_tree(const struct checkpoint *c, int signal);
/* checkpoint_leave_outside() - ids of sessions and groups whose leaders stay behind become 0. */
void checkpoint_leave_outside(const struct checkpoint *c, struct task *task);

/* tree.c: which tasks there are and how they are related; before anything else is known. */
int checkpoint_find_tasks(struct checkpoint *c, struct err *err);
int checkpoint_add_task(struct checkpoint *c, pid_t pid, struct task **ret, struct err *err);
struct task *checkpoint_task(const struct model *model, pid_t pid);
int checkpoint_relate_tasks(struct checkpoint *c, struct err *err);
/* checkpoint_is_first() - of those that share this task's memory or descriptors, it is the one
 * that stands for all. */
enum shared_thing { MEMORY_OF, FILES_OF };
bool checkpoint_is_first(const struct model *model, const struct task *task,
			 enum shared_thing what);

/* place.c: what the container's namespaces hold beside tasks. */
int checkpoint_look_around(struct checkpoint *c, struct err *err);
int checkpoint_dump_around(struct checkpoint *c, struct err *err);
int checkpoint_dump_segments(struct checkpoint *c, struct err *err);

/* share.c: the same tables, memory and handlers get the same ids; open files once each. */
int checkpoint_find_shared(struct checkpoint *c, struct err *err);
int checkpoint_find_files(struct checkpoint *c, struct err *err);
/* checkpoint_meet_all_files() - for recover(): tasks run, so those that end are left out. */
void checkpoint_meet_all_files(struct checkpoint *c);

#endif
