/* ipc.c - the order of the rooms, and the way into the namespace */
#include <errno.h>
#include <sched.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/ipc/rooms.h"
#include "engine/kernel/namespace.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static struct ipc_state *new_state(const struct ipc_scene *scene, struct err *err)
{
	struct ipc_state *state = arena_new_struct(scene->arena, struct ipc_state);

	if (!state) {
		fail(err, -ENOMEM, "ipc namespace");
		return NULL;
	}
	state->scene = *scene;
	return state;
}

static int visit(const struct ipc_scene *scene, int (*what)(void *ctx, struct err *err),
		 void *ctx, struct err *err)
{
	if (namespace_visit(scene->init, CLONE_NEWIPC, what, ctx, err) < 0)
		return fail_in(err, "ipc namespace");
	return 0;
}

const struct ipc_segment *ipc_segment(const struct ipc_state *state, uint64_t id)
{
	for (size_t i = 0; i < state->n_segments; i++)
		if (state->segment[i].entry->desc->id == id)
			return &state->segment[i];
	return NULL;
}

/* --- checkpoint */

static int look(void *ctx, struct err *err)
{
	struct ipc_state *state = ctx;

	int r = var_look(state, err);
	if (r >= 0)
		r = shm_look(state, err);
	if (r >= 0)
		r = sem_look(state, err);
	if (r >= 0)
		r = msg_look(state, err);
	return r < 0 ? r : mqueue_look(&state->scene, err);
}

int ipc_look(const struct ipc_scene *scene, struct ipc_state **ret, struct err *err)
{
	struct ipc_state *state = new_state(scene, err);

	if (!state)
		return err->code;
	int r = scene->made ? visit(scene, look, state, err) : 0;
	if (r >= 0)
		*ret = state;
	return r;
}

struct dumping {
	struct image_dir *image;
	const struct ipc_state *state;
};

static int dump(void *ctx, struct err *err)
{
	const struct dumping *d = ctx;

	int r = shm_dump(d->image, d->state, err);
	if (r >= 0)
		r = sem_dump(d->image, d->state, err);
	return r < 0 ? r : msg_dump(d->image, d->state, err);
}

int ipc_dump(struct image_dir *image, const struct ipc_state *state, struct err *err)
{
	struct dumping d = {image, state};

	if (!state->var)
		return 0;
	int r = image_put_one(image, IMAGE_IPC_VAR, state->scene.ns_id, &state->var->base, err);
	return r < 0 ? r : visit(&state->scene, dump, &d, err);
}

struct opening {
	uint32_t id;
	int fd;
};

static int open_memory(void *ctx, struct err *err)
{
	struct opening *opening = ctx;

	return shm_open_memory(opening->id, &opening->fd, err);
}

int ipc_segment_open(const struct ipc_state *state, const struct ipc_segment *segment,
		     int *ret_fd, struct err *err)
{
	struct opening opening = {.id = segment->entry->desc->id};

	int r = visit(&state->scene, open_memory, &opening, err);
	if (r >= 0)
		*ret_fd = opening.fd;
	return r;
}

/* --- restore */

struct restoring {
	const struct image_dir *image;
	struct ipc_state *state;
};

static int restore(void *ctx, struct err *err)
{
	const struct restoring *r = ctx;

	int ret = r->state->var ? var_restore(r->state->var, err) : 0;
	if (ret >= 0)
		ret = var_hold_removal(&r->state->removal_forced, err);
	if (ret >= 0)
		ret = shm_restore(r->image, r->state, err);
	if (ret >= 0)
		ret = sem_restore(r->image, r->state, err);
	return ret < 0 ? ret : msg_restore(r->image, r->state, err);
}

static int check_joined(const struct image_dir *image, const struct ipc_scene *scene,
			struct err *err)
{
	static const struct {
		enum image_file file;
		const char *what;
	} objects[] = {
		{IMAGE_IPC_SHM, "segments"},
		{IMAGE_IPC_SEM, "semaphore sets"},
		{IMAGE_IPC_MSG, "message queues"},
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (image_has(image, objects[i].file, scene->ns_id))
			return refuse(err,
				      "the image has System V %s, and the bundle makes no ipc "
				      "namespace for them",
				      objects[i].what);
	return 0;
}

int ipc_restore(const struct image_dir *image, const struct ipc_scene *scene,
		struct ipc_state **ret, struct err *err)
{
	struct ipc_state *state = new_state(scene, err);
	struct restoring restoring = {image, state};
	int r = 0;

	if (!state)
		return err->code;
	if (!scene->made)
		r = check_joined(image, scene, err);
	else if (image_has(image, IMAGE_IPC_VAR, scene->ns_id))
		r = image_get_one(image, IMAGE_IPC_VAR, scene->ns_id, scene->arena,
				  (void **)&state->var, err);
	if (r >= 0 && scene->made)
		r = visit(scene, restore, &restoring, err);
	if (r >= 0)
		*ret = state;
	return r;
}

static int settle(void *ctx, struct err *err)
{
	return shm_settle(ctx, err);
}

int ipc_settle(const struct ipc_state *state, struct err *err)
{
	/* the namespace is changed, what we know of it is not */
	return state->scene.made ? visit(&state->scene, settle, (void *)(uintptr_t)state, err)
				 : 0;
}
