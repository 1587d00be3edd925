/* place.c - what the container's namespaces held beside its tasks */
#include <sched.h>

#include "engine/ipc/ipc.h"
#include "engine/mnt/mnt.h"
#include "engine/ns/cgroups.h"
#include "engine/ns/ns.h"
#include "engine/restore/restore.h"
#include "runtime/base/err.h"

int restore_around(struct restore *r, struct err *err)
{
	if (!r->request->cgroup) /* all of it is ours */
		return 0;
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
		ret = ipc_restore(r->image, &ipc, err);
	if (ret >= 0)
		ret = mnt_restore(r->image, &mnt, err);
	if (ret >= 0)
		ret = cgroups_make(r->image, &r->model, r->request->cgroup, &r->cgroups, err);
	return ret;
}
