/* place.c - what the container's namespaces hold beside its tasks */
#include <sched.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/ipc/ipc.h"
#include "engine/kernel/kcmp.h"
#include "engine/mem/vma.h"
#include "engine/mnt/mnt.h"
#include "engine/ns/cgroups.h"
#include "engine/ns/ns.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static const TaskKobjIdsEntry *ids(const struct checkpoint *c)
{
	return task_ids(c->model.task[0]);
}

static struct ns_scene ns_scene(struct checkpoint *c)
{
	const struct bundle_namespaces *bundle = &c->request->namespaces;

	return (struct ns_scene){
		.arena = c->arena,
		.init = c->request->init,
		.uts_id = ids(c)->uts_ns_id,
		.net_id = ids(c)->net_ns_id,
		.bundle = {bundle->made, bundle->joined, bundle->hostname, bundle->domainname},
		.refused = &c->refused,
	};
}

static struct ipc_scene ipc_scene(struct checkpoint *c)
{
	return (struct ipc_scene){
		.arena = c->arena,
		.init = c->request->init,
		.ns_id = ids(c)->ipc_ns_id,
		.made = c->request->cgroup && c->request->namespaces.made & CLONE_NEWIPC,
		.root = c->fds.root,
		.mount = c->request->mount,
		.n_mounts = c->request->n_mounts,
		.refused = &c->refused,
	};
}

static struct mnt_scene mnt_scene(struct checkpoint *c)
{
	return (struct mnt_scene){
		.arena = c->arena,
		.init = c->request->init,
		.root = c->fds.root,
		.ns_id = ids(c)->mnt_ns_id,
		.mount = c->request->mount,
		.n_mounts = c->request->n_mounts,
		.refused = &c->refused,
	};
}

/* --- System V segments: regions show them, the namespace has them */

static bool shows(const struct task *task, uint64_t id)
{
	for (size_t i = 0; task->mm && i < task->mm->n_vmas; i++)
		if (task->mm->vmas[i]->status & VMA_SYSV && task->mm->vmas[i]->shmid == id)
			return true;
	return false;
}

static bool is_shown(const struct checkpoint *c, uint64_t id)
{
	for (size_t i = 0; i < c->model.n_tasks; i++)
		if (shows(c->model.task[i], id))
			return true;
	return false;
}

static int check_regions(struct checkpoint *c, const struct task *task, struct err *err)
{
	int r = 0;

	for (size_t i = 0; task->mm && i < task->mm->n_vmas && r >= 0; i++) {
		const VmaEntry *vma = task->mm->vmas[i];

		if (vma->status & VMA_SYSV && !ipc_segment(c->ipc, vma->shmid))
			r = findings_add(&c->refused, err,
					 "%s: memory at %lx-%lx: it maps System V segment %lu, "
					 "which is not of an ipc namespace that was made for "
					 "the container",
					 model_task_name(&c->model, task), vma->start, vma->end,
					 vma->shmid);
	}
	return r;
}

static int check_segments(struct checkpoint *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < c->model.n_tasks && r >= 0; i++)
		r = check_regions(c, c->model.task[i], err);
	for (size_t i = 0; i < c->ipc->n_segments && r >= 0; i++) {
		const struct ipc_segment *segment = &c->ipc->segment[i];

		if (segment->attached && !is_shown(c, segment->entry->desc->id))
			r = findings_add(&c->refused, err,
					 "System V segment %u is attached by a process outside "
					 "of the container; end it",
					 segment->entry->desc->id);
	}
	return r;
}

/* --- semaphores: what the kernel undoes when a task ends (SEM_UNDO) is a list that nobody can read;
 * whether a thread has one can be asked, as we have none.  Threads of one process share theirs,
 * which is made with the second thread, filled or not. */

static int check_undo(struct checkpoint *c, const struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		struct kcmp_who thread = {.tid = task->thread[i].tid}, us = {.tid = getpid()};
		int order, r = kcmp_order(KIND_SYSVSEM, thread, us, &order, err);

		if (r < 0)
			return fail_in(err, "%s", model_task_name(&c->model, task));
		if (order)
			return findings_add(
				&c->refused, err,
				"%s: it may have System V semaphore adjustments "
				"(SEM_UNDO), as threads always may, and there are %zu "
				"semaphore sets; this cannot be carried yet",
				model_task_name(&c->model, task), c->ipc->n_sets);
	}
	return 0;
}

static int check_semaphores(struct checkpoint *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < c->model.n_tasks && c->ipc->n_sets && r >= 0; i++)
		if (c->model.task[i]->state != TASK_ZOMBIE)
			r = check_undo(c, c->model.task[i], err);
	return r;
}

/* Those that a task shows are written as all memory that tasks share. */
int checkpoint_dump_segments(struct checkpoint *c, struct err *err)
{
	for (size_t i = 0; i < c->ipc->n_segments; i++) {
		const struct ipc_segment *segment = &c->ipc->segment[i];
		uint32_t id = segment->entry->desc->id;
		scoped_fd int fd = -1;

		if (is_shown(c, id))
			continue;
		int r = ipc_segment_open(c->ipc, segment, &fd, err);
		if (r >= 0)
			r = mem_dump_object(c->image, id, fd, &c->written, err);
		if (r < 0)
			return fail_in(err, "System V segment %u", id);
	}
	return 0;
}

static int look_ipc(struct checkpoint *c, struct err *err)
{
	const struct ipc_scene ipc = ipc_scene(c);

	int r = ipc_look(&ipc, &c->ipc, err);
	if (r >= 0)
		r = check_segments(c, err);
	return r < 0 ? r : check_semaphores(c, err);
}

/* A tree's namespaces are ours, and stay; so does what regions of it may show of them. */
int checkpoint_look_around(struct checkpoint *c, struct err *err)
{
	if (!c->request->cgroup)
		return look_ipc(c, err);
	const struct ns_scene ns = ns_scene(c);
	const struct mnt_scene mnt = mnt_scene(c);

	int r = ns_look(&ns, &c->ns, err);
	if (r >= 0)
		r = look_ipc(c, err);
	if (r >= 0)
		r = mnt_look(&mnt, &c->mnt, err);
	if (r >= 0)
		r = cgroups_look(&c->model, c->request->cgroup, &c->refused, &c->cgroups, err);
	return r;
}

int checkpoint_dump_around(struct checkpoint *c, struct err *err)
{
	if (!c->request->cgroup)
		return 0;
	int r = ns_dump(c->image, c->ns, err);

	if (r >= 0)
		r = ipc_dump(c->image, c->ipc, err);
	if (r >= 0)
		r = mnt_dump(c->image, c->mnt, err);
	return r < 0 ? r : cgroups_dump(c->image, c->cgroups, err);
}
