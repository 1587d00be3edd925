/* ipc.c - the order of the rooms, and the way into the namespace */
#include <errno.h>
#include <sched.h>

#include "engine/image/one.h"
#include "engine/ipc/rooms.h"
#include "engine/kernel/namespace.h"
#include "runtime/base/err.h"

struct looking {
	const struct ipc_scene *scene;
	IpcVarEntry *entry;
};

static int look(void *ctx, struct err *err)
{
	struct looking *looking = ctx;
	int r = sysv_look(looking->scene, err);

	if (r >= 0)
		r = mqueue_look(looking->scene, err);
	return r < 0 ? r : var_look(looking->scene, &looking->entry, err);
}

int ipc_look(const struct ipc_scene *scene, IpcVarEntry **ret, struct err *err)
{
	struct looking looking = {.scene = scene};

	*ret = NULL;
	if (!scene->made)
		return 0;
	if (namespace_visit(scene->init, CLONE_NEWIPC, look, &looking, err) < 0)
		return fail_in(err, "ipc namespace");
	*ret = looking.entry;
	return 0;
}

int ipc_dump(struct image_dir *image, uint32_t ns_id, const IpcVarEntry *entry, struct err *err)
{
	return entry ? image_put_one(image, IMAGE_IPC_VAR, ns_id, &entry->base, err) : 0;
}

static int restore(void *ctx, struct err *err)
{
	return var_restore(ctx, err);
}

int ipc_restore(const struct image_dir *image, const struct ipc_scene *scene, struct err *err)
{
	struct err none = {0};
	IpcVarEntry *entry;

	if (!scene->made)
		return 0;
	int r = image_get_one(image, IMAGE_IPC_VAR, scene->ns_id, scene->arena, (void **)&entry,
			      &none);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*err = none;
		return r;
	}
	if (namespace_visit(scene->init, CLONE_NEWIPC, restore, entry, err) < 0)
		return fail_in(err, "ipc namespace");
	return 0;
}
