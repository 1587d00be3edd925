#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/container.h"
#include "runtime/container/delete.h"
#include "runtime/container/events.h"
#include "runtime/container/kill.h"

/* Without state.json there is nothing but the directory: it is written before all else. */
static int delete_half_made(const char *root, const char *id, enum delete_mode mode,
			    struct err *err)
{
	scoped(store_close) struct store store = STORE_NONE;

	if (store_open(root, id, STORE_CHANGE, &store, err) < 0)
		return err->code == -ENOENT && mode == DELETE_FORCE ? 0 : err->code;
	if (faccessat(store.dir, "state.json", F_OK, 0) == 0)
		return fail(err, -EBUSY, "container was made again meanwhile");
	return store_remove(root, id, &store, err);
}

static int may_delete(const struct container *container, enum delete_mode mode, struct err *err)
{
	enum container_status status;

	if (mode == DELETE_FORCE)
		return 0;
	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATED)
		return 0;
	return fail(err, -EBUSY, "cannot delete container %.64s that is not stopped: %s",
		    container->id, container_status_name(status));
}

static int destroy(struct container *container, struct err *err)
{
	struct err not_running = {};

	/* its cgroup may be gone, or have lost it */
	(void)container_kill(container, SIGKILL, KILL_INIT, &not_running);
	if (container_end_tasks(container, err) < 0)
		return err->code;
	if (container->cgroup && cgroup_set_remove(container->cgroup, err) < 0)
		return err->code;
	return store_remove(container->root, container->id, &container->store, err);
}

static void poststop(const struct container *container, const struct notes *notes)
{
	struct err err = {};
	char text[1024];

	if (event(container, OCI_HOOK_POSTSTOP, 0, LIFE_FRESH, &err) < 0 && notes->warn)
		notes->warn(notes->ctx, err_text(&err, text, sizeof(text)));
}

/* Before its turn comes: an `exec` that waits in a paused container, or a `create` that waits
 * for the init, holds the lock until its process dies. */
static void end_what_holds_the_lock(struct arena *arena, const char *root, const char *id)
{
	scoped(container_close) struct container container = CONTAINER_NONE;
	struct err ignored = {};

	if (container_open(arena, root, id, STORE_READ, &container, &ignored) < 0)
		return;
	(void)container_kill(&container, SIGKILL, KILL_INIT, &ignored);
	(void)container_kill(&container, SIGKILL, KILL_ALL, &ignored);
}

int container_delete(struct arena *arena, const char *root, const char *id,
		     enum delete_mode mode, const struct notes *notes, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	if (mode == DELETE_FORCE)
		end_what_holds_the_lock(arena, root, id);
	if (container_open(arena, root, id, STORE_CHANGE, &container, err) < 0)
		return err->code == -ENOENT ? delete_half_made(root, id, mode, err) : err->code;
	if (may_delete(&container, mode, err) < 0 || destroy(&container, err) < 0)
		return err->code;
	poststop(&container, notes);
	return 0;
}
