#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/checkpoint.h"
#include "runtime/container/container.h"

static int read_config(struct container *container, struct err *err)
{
	scoped_free char *text = NULL;

	if (file_read(container->store.dir, "config.json", &text, err) < 0)
		return err->code;
	return oci_config_parse(container->arena, text, strlen(text), &container->config, err);
}

static int read_record(struct container *container, struct err *err)
{
	scoped_free char *text = NULL;

	if (file_read(container->store.dir, "state.json", &text, err) == -ENOENT)
		return fail(err, -ENOENT, "container \"%.64s\" does not exist", container->id);
	return err->code ? err->code
			 : record_parse(container->arena, text, &container->record, err);
}

static int open_cgroup(struct container *container, struct err *err)
{
	const struct record *record = &container->record;
	struct err why = {};

	if (!record->n_cgroup)
		return 0;
	if (cgroup_set_reopen(container->arena, record->cgroup, record->n_cgroup,
			      &container->cgroup, &why) == 0)
		return 0;
	if (why.code == -ENOENT) { /* not an error before somebody needs it */
		container->cgroup = NULL;
		return 0;
	}
	*err = why;
	return why.code;
}

static int open_parts(struct container *container, enum store_lock lock, struct err *err)
{
	if (store_open(container->root, container->id, lock, &container->store, err) < 0 ||
	    read_record(container, err) < 0 || read_config(container, err) < 0)
		return err->code;
	return open_cgroup(container, err);
}

int container_open(struct arena *arena, const char *root, const char *id, enum store_lock lock,
		   struct container *ret, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;

	for (;;) {
		int r = container_recover(arena, root, id, err);
		if (r >= 0)
			r = container_open_as_it_is(arena, root, id, lock, &container, err);
		if (r < 0)
			return r;
		if (!checkpoint_was_killed(container.store.dir))
			break;
		container_close(&container); /* it was killed while we waited for our turn */
	}
	*ret = container;
	container.store = STORE_NONE;
	return 0;
}

int container_open_as_it_is(struct arena *arena, const char *root, const char *id,
			    enum store_lock lock, struct container *ret, struct err *err)
{
	scoped(container_close) struct container container = {
		.arena = arena, .root = root, .id = id, .store = STORE_NONE};

	if (open_parts(&container, lock, err) < 0)
		return err->code;
	*ret = container;
	container.store = STORE_NONE;
	return 0;
}

void container_close(struct container *container)
{
	store_close(&container->store);
}

int container_save(const struct container *container, struct err *err)
{
	scoped_free char *text = NULL;

	if (record_text(&container->record, &text, err) < 0)
		return fail_in(err, "state.json");
	return file_replace(container->store.dir, "state.json", text, strlen(text), 0600, err);
}

static int is_paused(const struct container *container, bool *ret, struct err *err)
{
	/* a checkpoint at work freezes and thaws as it needs: that is not the user's pause */
	if (checkpoint_holds(container->store.dir, ret))
		return 0;
	*ret = false;
	if (!container->cgroup || !cgroup_set_exists(container->cgroup))
		return 0;
	return cgroup_set_frozen(container->cgroup, ret, err);
}

int container_status(const struct container *container, enum container_status *ret,
		     struct err *err)
{
	const struct record *record = &container->record;
	bool paused = false;

	if (!record->init.pid) {
		*ret = process_lives(&record->creator) ? CONTAINER_CREATING : CONTAINER_STOPPED;
		return 0;
	}
	if (!process_lives(&record->init)) {
		*ret = CONTAINER_STOPPED;
		return 0;
	}
	if (is_paused(container, &paused, err) < 0)
		return err->code;
	if (paused)
		*ret = CONTAINER_PAUSED;
	else if (faccessat(container->store.dir, START_FIFO, F_OK, 0) == 0)
		*ret = CONTAINER_CREATED;
	else
		*ret = CONTAINER_RUNNING;
	return 0;
}

const char *container_status_name(enum container_status status)
{
	static const char *const name[] = {
		[CONTAINER_CREATING] = "creating", [CONTAINER_CREATED] = "created",
		[CONTAINER_RUNNING] = "running",   [CONTAINER_PAUSED] = "paused",
		[CONTAINER_STOPPED] = "stopped",
	};

	return name[status];
}

struct oci_state container_state(const struct container *container,
				 enum container_status status)
{
	const struct record *record = &container->record;

	return (struct oci_state){
		.version = container->config.version,
		.id = record->id,
		.status = container_status_name(status),
		.pid = status == CONTAINER_STOPPED ? 0 : record->init.pid,
		.bundle = record->bundle,
		.annotations = &container->config.annotations,
		.rootfs = record->rootfs,
		.created = record->created,
		.owner = record->owner,
	};
}

int container_cgroup(const struct container *container, struct cgroup_set **ret,
		     struct err *err)
{
	if (!container->cgroup)
		return fail(err, -ENOENT, "its cgroups are no longer mounted");
	*ret = container->cgroup;
	return 0;
}

int container_tasks(const struct container *container, pid_t **ret, size_t *ret_n,
		    struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	if (!container->cgroup || !cgroup_set_exists(container->cgroup))
		return 0;
	return cgroup_set_tasks(container->cgroup, container->arena, ret, ret_n, err);
}
