/* write.c - phases dump, pages and commit: the model into the image */
#include <errno.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "engine/image/stats.h"
#include "engine/model/plan.h"
#include "engine/task/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

enum { IMG_VERSION = 2 }; /* CRTOOLS_IMAGES_V1_1 */

/* --- the process tree */

static int write_tree_entry(struct checkpoint *c, struct image_writer *w,
			    const struct task *task, struct err *err)
{
	PstreeEntry e = PSTREE_ENTRY__INIT;

	e.pid = (uint32_t)task->vpid;
	e.ppid = task->parent ? (uint32_t)task->parent->vpid : 0;
	e.pgid = (uint32_t)task->vpgid;
	e.sid = (uint32_t)task->vsid;
	e.n_threads = task->n_threads;
	e.threads = arena_alloc(c->arena, task->n_threads * sizeof(e.threads[0]));
	if (!e.threads)
		return fail(err, -ENOMEM, "threads");
	for (size_t i = 0; i < task->n_threads; i++)
		e.threads[i] = (uint32_t)task->thread[i].vtid;
	return record_put(w, &e.base, err);
}

static int write_tree(struct checkpoint *c, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = image_writer_open(c->image, IMAGE_PSTREE, 0, &w, err);
	for (size_t i = 0; i < c->model.n_tasks && r >= 0; i++)
		r = write_tree_entry(c, w, c->model.task[i], err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int write_roots(struct checkpoint *c, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = image_writer_open(c->image, IMAGE_CKRUN_ROOTS, 0, &w, err);
	for (size_t i = 0; i < c->model.n_tasks && r >= 0; i++) {
		const struct task *task = c->model.task[i];
		CkrunRootEntry e = CKRUN_ROOT_ENTRY__INIT;

		if (task->parent)
			continue;
		e.pid = (uint32_t)task->vpid;
		e.origin = task->pid == c->request->init ? CKRUN_ROOT_ORIGIN__INIT
							 : CKRUN_ROOT_ORIGIN__EXEC;
		r = record_put(w, &e.base, err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

/* --- files and descriptors */

static int write_files(struct checkpoint *c, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = image_writer_open(c->image, IMAGE_FILES, 0, &w, err);
	for (size_t i = 0; i < c->model.n_files && r >= 0; i++)
		r = record_put(w, &c->model.file[i]->entry->base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int write_stdio(struct checkpoint *c, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = image_writer_open(c->image, IMAGE_CKRUN_STDIO, 0, &w, err);
	for (size_t i = 0; i < c->fds.n_stdio && r >= 0; i++) {
		CkrunStdioEntry e = CKRUN_STDIO_ENTRY__INIT;

		e.pid = 1;
		e.fd = (uint32_t)c->fds.stdio[i].num;
		e.name = (char *)c->fds.stdio[i].link;
		r = record_put(w, &e.base, err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

static int write_descriptors(struct checkpoint *c, const struct task *task, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	uint32_t id = task_ids(task)->files_id;

	int r = image_writer_open(c->image, IMAGE_FDINFO, id, &w, err);
	for (size_t i = 0; i < task->n_fds && r >= 0; i++) {
		FdinfoEntry e = FDINFO_ENTRY__INIT;

		e.id = task->fd[i].file->id;
		e.flags = task->fd[i].cloexec;
		e.type = task->fd[i].file->entry->type;
		e.fd = (uint32_t)task->fd[i].num;
		r = record_put(w, &e.base, err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

/* --- tasks */

static int write_task(struct checkpoint *c, const struct task *task, struct err *err)
{
	CoreEntry *core = task->thread[0].core;
	int r = 0;

	if (task->state == TASK_ZOMBIE)
		core->tc->task_state = CORE_DEAD;
	for (size_t i = 0; i < task->n_threads && r >= 0; i++)
		r = image_put_one(c->image, IMAGE_CORE, (uint64_t)task->thread[i].vtid,
				  &task->thread[i].core->base, err);
	if (r < 0 || task->state == TASK_ZOMBIE)
		return r;
	r = image_put_one(c->image, IMAGE_IDS, (uint64_t)task->vpid, &core->ids->base, err);
	if (r >= 0)
		r = image_put_one(c->image, IMAGE_FS, (uint64_t)task->vpid, &task->fs->base,
				  err);
	if (r < 0 || !checkpoint_is_first(&c->model, task, FILES_OF))
		return r;
	return write_descriptors(c, task, err);
}

static int write_tasks(struct checkpoint *c, struct err *err)
{
	for (size_t i = 0; i < c->model.n_tasks; i++)
		if (write_task(c, c->model.task[i], err) < 0)
			return fail_in(err, "%s", model_task_name(&c->model, c->model.task[i]));
	return 0;
}

/* What no restore could build again is refused while its tasks still run. */
static int check_tree(struct checkpoint *c, struct err *err)
{
	struct plan plan;

	return plan_build(&c->model, c->arena,
			  c->request->shell_job ? OUTER_ALLOWED : OUTER_REFUSED, &plan, err);
}

int checkpoint_dump(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	int r = check_tree(c, err);
	if (r >= 0)
		r = write_tree(c, err);
	if (r >= 0)
		r = write_roots(c, err);
	if (r >= 0)
		r = write_tasks(c, err);
	if (r >= 0)
		r = write_files(c, err);
	if (r >= 0)
		r = write_stdio(c, err);
	if (r >= 0)
		r = checkpoint_dump_around(c, err);
	if (r >= 0 && c->seccomp.image.n_seccomp_filters)
		r = image_put_one(c->image, IMAGE_SECCOMP, 0, &c->seccomp.image.base, err);
	return r;
}

/* --- memory */

int checkpoint_pages(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;

	clock_gettime(CLOCK_MONOTONIC, &c->copied);
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		const struct task *task = c->model.task[i];

		if (task->mm && mem_dump(c->image, task, &c->written, err) < 0)
			return fail_in(err, "%s", model_task_name(&c->model, task));
	}
	int r = mem_dump_shared(c->image, &c->model, &c->written, err);
	if (r >= 0)
		r = checkpoint_dump_segments(c, err);
	log_info(c->model.log, "pages", "%lu pages written, %lu looked at", c->written.pages,
		 c->written.scanned);
	return r;
}

/* --- the end */

static uint32_t microseconds(const struct timespec *from, const struct timespec *to)
{
	return (uint32_t)((to->tv_sec - from->tv_sec) * 1000000 +
			  (to->tv_nsec - from->tv_nsec) / 1000);
}

static int write_statistics(struct checkpoint *c, struct err *err)
{
	DumpStatsEntry dump = DUMP_STATS_ENTRY__INIT;
	StatsEntry all = STATS_ENTRY__INIT;

	clock_gettime(CLOCK_MONOTONIC, &c->ended);
	dump.freezing_time = microseconds(&c->froze, &c->stood);
	dump.frozen_time = microseconds(&c->froze, &c->ended);
	dump.memdump_time = microseconds(&c->copied, &c->ended);
	dump.memwrite_time = dump.memdump_time;
	dump.pages_scanned = c->written.scanned;
	dump.pages_written = c->written.pages;
	all.dump = &dump;
	return stats_write(c->request->work_dir, &all, err);
}

static int write_inventory(struct checkpoint *c, struct err *err)
{
	InventoryEntry e = INVENTORY_ENTRY__INIT;

	e.img_version = IMG_VERSION;
	e.has_fdinfo_per_id = e.fdinfo_per_id = true;
	e.has_ns_per_id = e.ns_per_id = true;
	e.root_ids = c->model.task[0]->thread[0].core->ids;
	e.has_lsmtype = true;
	e.lsmtype = LSMTYPE__NO_LSM;
	return image_put_one(c->image, IMAGE_INVENTORY, 0, &e.base, err);
}

int checkpoint_commit(void *ctx, struct err *err)
{
	struct checkpoint *c = ctx;
	struct image_about about = {.container = c->request->id, .feature = {"exec-roots"}};

	int r = write_inventory(c, err);
	if (r >= 0)
		r = image_host_read(&about.host, err);
	if (r >= 0)
		r = write_statistics(c, err);
	/* a power cut loses the container with the image, or finds it torn: no need to wait */
	if (r >= 0)
		r = image_commit(c->image, &about, IMAGE_NO_SYNC, err);
	if (r >= 0)
		r = checkpoint_moment(c, "post-dump", err);
	c->committed = r >= 0;
	return r;
}
