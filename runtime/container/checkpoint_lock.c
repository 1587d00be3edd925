#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "oci/field.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/checkpoint_lock.h"
#include "runtime/container/container.h"
#include "runtime/container/process_id.h"

#define LOCK_FILE "checkpoint.lock"

struct mark {
	struct process_id owner;
	bool was_paused;
};

static const struct field fields[] = {
	{"pid", IN(struct mark, owner.pid), field_signed},
	{"startTime", IN(struct mark, owner.start_time), field_unsigned},
	{"wasPaused", IN(struct mark, was_paused), field_bool},
};
static const struct field_table mark_table = TABLE(struct mark, fields);

static int mark_text(const struct mark *mark, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_COMPACT);

	if (!w)
		return fail(err, -ENOMEM, "out of memory");
	json_object(w, NULL);
	json_signed_number(w, "pid", mark->owner.pid);
	json_unsigned_number(w, "startTime", mark->owner.start_time);
	json_bool(w, "wasPaused", mark->was_paused);
	json_end(w);
	return json_writer_take(w, ret, err);
}

int checkpoint_lock_take(int dir, bool was_paused, struct err *err)
{
	struct mark mark = {.was_paused = was_paused};
	scoped_free char *text = NULL;

	if (process_id_of(getpid(), &mark.owner, err) < 0 || mark_text(&mark, &text, err) < 0)
		return err->code;
	return file_replace(dir, LOCK_FILE, text, strlen(text), 0600, err);
}

void checkpoint_lock_drop(int dir)
{
	(void)unlinkat(dir, LOCK_FILE, 0);
}

/* read_mark() - false: there is none.  One that cannot be read has no owner. */
static bool read_mark(int dir, struct mark *ret)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free char *text = NULL;
	struct err err = {};

	*ret = (struct mark){};
	if (file_read(dir, LOCK_FILE, &text, &err) < 0)
		return err.code != -ENOENT;
	if (arena)
		(void)field_document(arena, text, strlen(text), &mark_table, ret, &err);
	return true;
}

bool checkpoint_lock_held(int dir, bool *ret_was_paused)
{
	struct mark mark;

	if (!read_mark(dir, &mark) || !process_lives(&mark.owner))
		return false;
	*ret_was_paused = mark.was_paused;
	return true;
}

bool checkpoint_lock_is_stale(int dir)
{
	struct mark mark;

	return read_mark(dir, &mark) && !process_lives(&mark.owner);
}

int checkpoint_lock_recover(const struct container *container, struct err *err)
{
	struct mark mark;

	if (!read_mark(container->store.dir, &mark) || process_lives(&mark.owner))
		return 0;
	if (container->cgroup && cgroup_set_exists(container->cgroup) &&
	    recover(container->cgroup, mark.was_paused, err) < 0)
		return err->code;
	checkpoint_lock_drop(container->store.dir);
	return 0;
}
