/* place.c - what the container's namespaces hold beside its tasks */
#include <sched.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/ipc/ipc.h"
#include "engine/mnt/mnt.h"
#include "engine/ns/cgroups.h"
#include "engine/ns/ns.h"
#include "runtime/base/err.h"

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
		.made = (c->request->namespaces.made & CLONE_NEWIPC) != 0,
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

/* A tree's namespaces are ours, and stay. */
int checkpoint_look_around(struct checkpoint *c, struct err *err)
{
	if (!c->request->cgroup)
		return 0;
	const struct ns_scene ns = ns_scene(c);
	const struct ipc_scene ipc = ipc_scene(c);
	const struct mnt_scene mnt = mnt_scene(c);

	int r = ns_look(&ns, &c->ns, err);
	if (r >= 0)
		r = ipc_look(&ipc, &c->ipc, err);
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

	if (r >= 0 && c->ipc)
		r = ipc_dump(c->image, ids(c)->ipc_ns_id, c->ipc, err);
	if (r >= 0)
		r = mnt_dump(c->image, c->mnt, err);
	return r < 0 ? r : cgroups_dump(c->image, c->cgroups, err);
}
