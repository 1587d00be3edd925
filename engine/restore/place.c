/* place.c - what the container's namespaces held beside its tasks */
#include <errno.h>
#include <sched.h>

#include "engine/ipc/ipc.h"
#include "engine/mem/vma.h"
#include "engine/mnt/mnt.h"
#include "engine/ns/cgroups.h"
#include "engine/ns/ns.h"
#include "engine/restore/restore.h"
#include "runtime/base/err.h"

/* A segment is attached only if it was made from this image.  Not every writer of images says at
 * a region how large it is. */
static int size_segments(struct restore *r, struct err *err)
{
	for (size_t t = 0; t < r->model.n_tasks; t++) {
		const struct task *task = r->model.task[t];

		for (size_t i = 0; task->mm && i < task->mm->n_vmas; i++) {
			VmaEntry *vma = task->mm->vmas[i];

			if (!(vma->status & VMA_SYSV))
				continue;
			const struct ipc_segment *segment =
				r->ipc ? ipc_segment(r->ipc, vma->shmid) : NULL;
			if (!segment)
				return fail(err, -EPROTO,
					    "%s: memory at %lx-%lx: the image has no System V "
					    "segment %lu",
					    model_task_name(&r->model, task), vma->start,
					    vma->end, vma->shmid);
			vma->has_object_size = true;
			vma->object_size = segment->entry->size;
		}
	}
	return 0;
}

int restore_segments(struct restore *r, struct mem_restoring *m, struct err *err)
{
	int ret = 0;

	if (!r->ipc)
		return 0;
	for (size_t i = 0; i < r->ipc->n_segments && ret >= 0; i++)
		ret = mem_fill_segment(m, r->model.task[0], r->ipc->segment[i].entry->desc->id,
				       err);
	return ret < 0 ? ret : ipc_settle(r->ipc, err);
}

int restore_around(struct restore *r, struct err *err)
{
	if (!r->request->cgroup) /* all of it is ours */
		return size_segments(r, err);
	const struct bundle_namespaces *bundle = &r->request->namespaces;
	const TaskKobjIdsEntry *ids = task_ids(r->model.task[0]);
	const struct ns_scene ns = {
		.arena = r->arena,
		.init = r->init,
		.uts_id = ids->uts_ns_id,
		.net_id = ids->net_ns_id,
		.bundle = {bundle->made, bundle->joined, bundle->hostname, bundle->domainname},
	};
	const struct ipc_scene ipc = {
		.arena = r->arena,
		.init = r->init,
		.ns_id = ids->ipc_ns_id,
		.made = (bundle->made & CLONE_NEWIPC) != 0,
	};

	const struct mnt_scene mnt = {
		.arena = r->arena,
		.init = r->init,
		.root = r->make.root,
		.ns_id = ids->mnt_ns_id,
		.mount = r->request->mount,
		.n_mounts = r->request->n_mounts,
	};

	int ret = ns_restore(r->image, &ns, err);
	if (ret >= 0)
		ret = ipc_restore(r->image, &ipc, &r->ipc, err);
	if (ret >= 0)
		ret = size_segments(r, err);
	if (ret >= 0)
		ret = mnt_restore(r->image, &mnt, err);
	if (ret >= 0)
		ret = cgroups_make(r->image, &r->model, r->request->cgroup, &r->cgroups, err);
	return ret;
}
