/* host.c - an image of a tree, restored without a container: is it one, are its pids free? */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "engine/image/dir.h"
#include "engine/kernel/stat.h"
#include "engine/restore/restore.h"
#include "runtime/base/err.h"

enum { ZOMBIE_MS = 1000 };

/* What a checkpoint writes of a container's namespaces and never of a tree's. */
static int check_namespaces(const struct restore *r, struct err *err)
{
	const TaskKobjIdsEntry *ids = task_ids(r->model.task[0]);

	if (image_has(r->image, IMAGE_MNTS, ids->mnt_ns_id) ||
	    image_has(r->image, IMAGE_UTSNS, ids->uts_ns_id) || r->model.task[0]->vpid == 1)
		return refuse(err, "the tasks of this image had namespaces of their own, which "
				   "cannot be made without a container yet; use ckrun restore "
				   "with a bundle");
	return 0;
}

static int check_roots(const struct restore *r, struct err *err)
{
	for (size_t i = 1; i < r->model.n_tasks; i++)
		if (!r->model.task[i]->parent)
			return refuse(err,
				      "task %d of this image has no parent in it, which cannot "
				      "be restored without a container",
				      r->model.task[i]->vpid);
	return 0;
}

/* Whom a dump has killed is there until its parent, mostly init, has taken note: soon. */
static bool is_taken(pid_t tid, struct stat_task *ret)
{
	const struct timespec tick = {.tv_nsec = 1000000};
	struct err gone = {};

	for (int ms = 0; ms < ZOMBIE_MS; ms++) {
		if (kill(tid, 0) < 0 && errno == ESRCH)
			return false;
		/* kill(2) knows threads too; /proc shows those as well when asked by name */
		if (stat_read(tid, 0, ret, &gone) >= 0 && ret->state != 'Z')
			return true;
		nanosleep(&tick, NULL);
	}
	return true;
}

static int check_free(pid_t tid, struct err *err)
{
	struct stat_task stat = {};

	if (!is_taken(tid, &stat))
		return 0;
	return fail(err, -EEXIST, "pid %d is in use by %s%s", tid,
		    stat.comm[0] ? stat.comm : "a task",
		    stat.state == 'Z' ? ", which has ended; its parent does not take note"
				      : "");
}

int restore_fits_host(struct restore *r, struct err *err)
{
	int ret = check_namespaces(r, err);

	if (ret >= 0)
		ret = check_roots(r, err);
	for (size_t i = 0; i < r->model.n_tasks; i++)
		for (size_t j = 0; j < r->model.task[i]->n_threads && ret >= 0; j++)
			ret = check_free(r->model.task[i]->thread[j].vtid, err);
	return ret;
}
