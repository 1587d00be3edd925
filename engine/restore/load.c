/* load.c - phases open and load: an image into the model
 *
 * An image may come from anywhere: what it says is checked before it is used.  Records were
 * checked for framing and limits by the readers; here relations are: parents exist and stand
 * before their children, ids name something, numbers are in range.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "engine/restore/restore.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

enum {
	FD_MAX = 1 << 20,
	PIDS = 1 << 22, /* PID_MAX_LIMIT of the kernel */
	IMG_VERSION = 2,
};

int restore_open(void *ctx, struct err *err)
{
	struct restore *r = ctx;
	struct image_host here;

	int ret = image_open(r->request->image_dir, &r->image, err);
	if (ret < 0)
		return ret;
	r->make.image = r->image;
	const struct image_about *about = image_about(r->image);
	ret = image_host_read(&here, err);
	if (ret >= 0 && about)
		ret = image_host_fits(&about->host, &here, err);
	if (ret < 0)
		restore_close(r, FATE_DIE);
	return ret;
}

void restore_close(void *ctx, enum fate fate)
{
	struct restore *r = ctx;

	(void)fate;
	image_close(&r->image);
}

/* --- tasks */

static enum task_state state_of(const CoreEntry *core)
{
	switch (core->tc->task_state) {
	case 2:
		return TASK_ZOMBIE;
	case 3:
		return TASK_STOPPED;
	default:
		return TASK_ALIVE;
	}
}

/* take_tid() - ids of threads are unique in a pid namespace, those of processes among them */
static int take_tid(struct restore *r, uint32_t tid, struct err *err)
{
	if (!tid || tid >= PIDS)
		return fail(err, -EPROTO, "pstree.img: %u is no thread id", tid);
	if (r->tids[tid / CHAR_BIT] >> tid % CHAR_BIT & 1)
		return fail(err, -EPROTO, "pstree.img: thread %u is there twice", tid);
	r->tids[tid / CHAR_BIT] |= (unsigned char)(1U << tid % CHAR_BIT);
	return 0;
}

static int load_thread(struct restore *r, struct thread *thread, uint32_t tid, struct err *err)
{
	int ret = take_tid(r, tid, err);
	if (ret < 0)
		return ret;
	thread->vtid = (pid_t)tid;
	ret = image_get_one(r->image, IMAGE_CORE, tid, r->arena, (void **)&thread->core, err);
	if (ret < 0)
		return ret;
	if (!thread->core->thread_core || !thread->core->thread_info)
		return fail(err, -EPROTO, "core-%u.img has no thread in it", tid);
	return 0;
}

static int load_threads(struct restore *r, struct task *task, const PstreeEntry *e,
			struct err *err)
{
	if (!e->n_threads || e->threads[0] != e->pid)
		return fail(err, -EPROTO, "pstree.img: task %u is not its own first thread",
			    e->pid);
	/* grown as their records are found: a number alone costs nothing */
	for (size_t i = 0; i < e->n_threads; i++) {
		task->thread = arena_grow(r->arena, task->thread, i, sizeof(*task->thread));
		if (!task->thread)
			return fail(err, -ENOMEM, "threads");
		int ret = load_thread(r, &task->thread[i], e->threads[i], err);
		if (ret < 0)
			return ret;
		task->n_threads++;
	}
	if (!task->thread[0].core->tc)
		return fail(err, -EPROTO, "core-%u.img has no task in it", e->pid);
	return 0;
}

static int load_task(struct restore *r, const PstreeEntry *e, struct err *err)
{
	struct task *parent = e->ppid ? model_task(&r->model, (pid_t)e->ppid) : NULL;

	if (e->ppid && !parent)
		return fail(err, -EPROTO, "pstree.img: task %u stands before its parent %u",
			    e->pid, e->ppid);
	if (e->pgid >= PIDS || e->sid >= PIDS)
		return fail(err, -EPROTO,
			    "pstree.img: task %u: group %u or session %u is out of range",
			    e->pid, e->pgid, e->sid);
	struct task *task = model_add_task(&r->model);
	if (!task)
		return fail(err, -ENOMEM, "tasks");
	task->vpid = (pid_t)e->pid;
	task->vpgid = (pid_t)e->pgid;
	task->vsid = (pid_t)e->sid;
	task->parent = parent;
	task->pass = -1;
	int ret = load_threads(r, task, e, err);
	if (ret >= 0)
		task->state = state_of(task->thread[0].core);
	return ret;
}

static int load_tree(struct restore *r, struct err *err)
{
	PstreeEntry **all;
	size_t n;

	int ret = image_get_all(r->image, IMAGE_PSTREE, 0, r->arena, (void ***)&all, &n, err);
	if (ret < 0)
		return ret;
	r->tids = arena_alloc(r->arena, PIDS / CHAR_BIT);
	if (!r->tids)
		return fail(err, -ENOMEM, "tasks");
	for (size_t i = 0; i < n && ret >= 0; i++)
		ret = load_task(r, all[i], err);
	return ret;
}

/* load_roots() - only images of ours have the file; what it says must be what the tree says */
static int load_roots(struct restore *r, struct err *err)
{
	CkrunRootEntry **all;
	size_t n;

	int ret = image_get_all(r->image, IMAGE_CKRUN_ROOTS, 0, r->arena, (void ***)&all, &n,
				err);
	if (ret == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	for (size_t i = 0; i < n && ret >= 0; i++) {
		const struct task *task = model_task(&r->model, (pid_t)all[i]->pid);

		if (!task || task->parent)
			return fail(err, -EPROTO, "ckrun-roots.img: task %u is no root",
				    all[i]->pid);
	}
	return ret;
}

static int load_inventory(struct restore *r, struct err *err)
{
	InventoryEntry *e;

	int ret = image_get_one(r->image, IMAGE_INVENTORY, 0, r->arena, (void **)&e, err);
	if (ret >= 0 && e->img_version > IMG_VERSION)
		return refuse(err,
			      "inventory.img: images of version %u are unknown to this "
			      "ckrun",
			      e->img_version);
	return ret;
}

/* --- what a task has */

static int load_files(struct restore *r, struct err *err)
{
	FileEntry **all;
	size_t n;

	int ret = image_get_all(r->image, IMAGE_FILES, 0, r->arena, (void ***)&all, &n, err);
	for (size_t i = 0; i < n && ret >= 0; i++) {
		if (model_file(&r->model, all[i]->id))
			return fail(err, -EPROTO, "files.img: file %u is there twice",
				    all[i]->id);
		struct open_file *file = model_add_file(&r->model);
		if (!file)
			return fail(err, -ENOMEM, "files");
		file->id = all[i]->id;
		file->entry = all[i];
		file->kind = fd_kind_for(all[i]);
		if (!file->kind)
			return refuse(err,
				      "files.img: file %u is of type %d, unknown to this ckrun",
				      file->id, all[i]->type);
	}
	return ret;
}

static int load_descriptors(struct restore *r, struct task *task, struct err *err)
{
	uint32_t table = task_ids(task)->files_id;
	FdinfoEntry **all;
	size_t n;

	int ret =
		image_get_all(r->image, IMAGE_FDINFO, table, r->arena, (void ***)&all, &n, err);
	if (ret < 0)
		return ret;
	task->fd = arena_alloc(r->arena, n * sizeof(*task->fd));
	if (!task->fd)
		return fail(err, -ENOMEM, "descriptors");
	for (size_t i = 0; i < n; i++) {
		struct open_file *file = model_file(&r->model, all[i]->id);

		if (!file)
			return fail(err, -EPROTO,
				    "fdinfo-%u.img: descriptor %u is file %u, which "
				    "files.img lacks",
				    table, all[i]->fd, all[i]->id);
		if (all[i]->fd >= FD_MAX || (i && all[i]->fd <= all[i - 1]->fd))
			return fail(err, -EPROTO,
				    "fdinfo-%u.img: descriptor %u is out of order", table,
				    all[i]->fd);
		task->fd[task->n_fds++] = (struct descriptor){
			.num = (int)all[i]->fd, .cloexec = all[i]->flags & 1, .file = file};
	}
	return 0;
}

static int load_shared(struct restore *r, struct task *task, struct err *err)
{
	TaskKobjIdsEntry *ids;
	uint64_t pid = (uint64_t)task->vpid;
	bool first_mm = true, first_files = true;

	int ret = image_get_one(r->image, IMAGE_IDS, pid, r->arena, (void **)&ids, err);
	if (ret < 0)
		return ret;
	task->thread[0].core->ids = ids;
	for (size_t i = 0; r->model.task[i] != task; i++) {
		const TaskKobjIdsEntry *other = task_ids(r->model.task[i]);

		if (r->model.task[i]->state == TASK_ZOMBIE)
			continue;
		first_mm &= other->vm_id != ids->vm_id;
		first_files &= other->files_id != ids->files_id;
	}
	if (first_mm)
		ret = image_get_one(r->image, IMAGE_MM, pid, r->arena, (void **)&task->mm, err);
	if (ret >= 0)
		ret = image_get_one(r->image, IMAGE_FS, pid, r->arena, (void **)&task->fs, err);
	if (ret >= 0 && first_files)
		ret = load_descriptors(r, task, err);
	return ret;
}

static int load_tables(struct restore *r, struct err *err)
{
	for (size_t i = 0; i < r->model.n_tasks; i++) {
		struct task *task = r->model.task[i];

		if (task->state != TASK_ZOMBIE && load_shared(r, task, err) < 0)
			return fail_in(err, "task %d", task->vpid);
	}
	return 0;
}

static int load_stdio(struct restore *r, struct err *err)
{
	CkrunStdioEntry **all;
	size_t n;

	int ret = image_get_all(r->image, IMAGE_CKRUN_STDIO, 0, r->arena, (void ***)&all, &n,
				err);
	if (ret == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	if (ret < 0)
		return ret;
	struct stdio_link *link = arena_alloc(r->arena, n * sizeof(*link));
	if (!link)
		return fail(err, -ENOMEM, "stdio");
	for (size_t i = 0; i < n; i++)
		link[i] = (struct stdio_link){.link = all[i]->name, .num = (int)all[i]->fd};
	r->make.stdio = link;
	r->make.n_stdio = n;
	return 0;
}

static int load_seccomp(struct restore *r, struct err *err)
{
	SeccompEntry *all;

	int ret = image_get_one(r->image, IMAGE_SECCOMP, 0, r->arena, (void **)&all, err);
	if (ret == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	if (ret >= 0)
		r->seccomp.image = *all;
	return ret;
}

int restore_load(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	log_info(r->model.log, "load", "image of %s",
		 image_is_foreign(r->image) ? "CRIU" : "ckrun");
	int ret = load_inventory(r, err);
	if (ret >= 0)
		ret = load_tree(r, err);
	if (ret >= 0)
		ret = load_roots(r, err);
	if (ret >= 0)
		ret = load_files(r, err);
	if (ret >= 0)
		ret = load_tables(r, err);
	if (ret >= 0)
		ret = restore_check(&r->model, err);
	if (ret >= 0)
		ret = load_stdio(r, err);
	return ret < 0 ? ret : load_seccomp(r, err);
}
