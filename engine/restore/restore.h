/* restore.h - what the phases of one restore share
 *
 * Internal to this folder; the door is engine/engine.h.  restore.c holds the table of phases.
 */
#ifndef CKRUN_RESTORE_RESTORE_H
#define CKRUN_RESTORE_RESTORE_H

#include <time.h>

#include "engine/engine.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/cgroup.pb-c.h"
#include "engine/inject/plant.h"
#include "engine/mem/restore.h"
#include "engine/model/model.h"
#include "engine/model/plan.h"
#include "engine/phase.h"
#include "engine/task/seccomp.h"

struct arena;
struct calls;
struct image_dir;
struct ipc_state;

struct restore {
	const struct restore_request *request;
	struct arena *arena;
	struct image_dir *image;
	struct model model;
	struct seccomp_table seccomp;
	struct plan plan;
	struct calls *calls;
	struct fd_make make;
	struct ipc_state *ipc;
	CgroupEntry *cgroups;   /* made by tasks below the container's */
	struct mem_place place; /* where planted code and the vdso are kept meanwhile */
	pid_t init;
	int init_pidfd;
	int host_net, net, host_pid;
	int pass_num; /* of the passing socket, in every task */
	struct {
		pid_t pid, vpid; /* 0: there is none */
		struct plant plant;
	} passing;           /* the child that somebody made for a moment (model/plan.h) */
	unsigned char *tids; /* while loading: a bit for each thread id of the image */
	struct timespec started, grown;
	uint64_t pages;
};

/* host.c: the image is of a tree that comes back into our own namespaces. */
int restore_fits_host(struct restore *r, struct err *err);

/* restore_check() - what every part may take for granted of a model that an image filled. */
int restore_check(const struct model *model, struct err *err);

/* restore_around() - namespaces, as the fresh bundle allows: part of nest. */
int restore_around(struct restore *r, struct err *err);
/* restore_segments() - System V segments that no region shows; then those go that wait to. */
int restore_segments(struct restore *r, struct mem_restoring *m, struct err *err);

int restore_open(void *ctx, struct err *err);
void restore_close(void *ctx, enum fate fate);
int restore_load(void *ctx, struct err *err);
int restore_plan(void *ctx, struct err *err);
int restore_nest(void *ctx, struct err *err);
void restore_unnest(void *ctx, enum fate fate);
int restore_grow(void *ctx, struct err *err);
void restore_fell(void *ctx, enum fate fate);
int restore_furnish(void *ctx, struct err *err);
void restore_clear(void *ctx, enum fate fate);
int restore_settle(void *ctx, struct err *err);
int restore_become(void *ctx, struct err *err);
int restore_release(void *ctx, struct err *err);

#endif
