/* sem.c - System V semaphore sets: their values
 *
 * Seen   semctl(2) SEM_STAT_ANY by index (Linux 4.17), GETALL
 * Made   semget(2), SETALL, IPC_SET
 * Refused  SEM_UNDO, where it is known who has what: engine/checkpoint/place.c.
 * Lost   sem_otime, sem_ctime, who changed a semaphore last (GETPID).
 */
#include <errno.h>
#include <sys/sem.h>

#include "engine/image/dir.h"
#include "engine/image/record.h"
#include "engine/ipc/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { STAT_ANY = 20, PADDED = 8, VALUES_MAX = 32000 * 16 };

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static const struct sysv_kind kind = {
	.name = "System V semaphore set",
	.next_id = "/proc/sys/kernel/sem_next_id",
};

/* What stands behind a record: 16 bits a value, padded. */
static size_t values_size(size_t nsems)
{
	return (nsems * sizeof(uint16_t) + PADDED - 1) / PADDED * PADDED;
}

static int add_set(struct ipc_state *state, int id, const struct semid_ds *ds, struct err *err)
{
	struct arena *arena = state->scene.arena;
	IpcSemEntry *entry = arena_new_struct(arena, IpcSemEntry);
	uint16_t *value = arena_alloc(arena, values_size(ds->sem_nsems));
	struct ipc_set *more = arena_grow(arena, state->set, state->n_sets, sizeof(*more));

	if (!entry || !value || !more)
		return fail(err, -ENOMEM, "semaphores");
	ipc_sem_entry__init(entry);
	entry->desc = sysv_describe(arena, id, &ds->sem_perm);
	if (!entry->desc)
		return fail(err, -ENOMEM, "semaphores");
	entry->nsems = (uint32_t)ds->sem_nsems;
	if (semctl(id, 0, GETALL, (union semun){.array = value}) < 0)
		return fail_errno(err, "read System V semaphore set %d", id);
	state->set = more;
	state->set[state->n_sets++] = (struct ipc_set){entry, value};
	return 0;
}

int sem_look(struct ipc_state *state, struct err *err)
{
	struct seminfo info;
	struct semid_ds ds;
	int r = 0, top = semctl(0, 0, SEM_INFO, (union semun){.info = &info});

	if (top < 0)
		return errno == ENOSYS ? 0 : fail_errno(err, "list System V semaphore sets");
	for (int i = 0; i <= top && r >= 0; i++) {
		int id = semctl(i, 0, STAT_ANY, (union semun){.buf = &ds});
		if (id >= 0)
			r = add_set(state, id, &ds, err);
		else if (errno != EINVAL && errno != EIDRM)
			return fail_errno(err, "list System V semaphore sets");
	}
	return r;
}

/* --- image */

int sem_dump(struct image_dir *image, const struct ipc_state *state, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	if (!state->n_sets)
		return 0;
	int r = image_writer_open(image, IMAGE_IPC_SEM, state->scene.ns_id, &w, err);
	for (size_t i = 0; i < state->n_sets && r >= 0; i++) {
		const struct ipc_set *set = &state->set[i];

		r = record_put(w, &set->entry->base, err);
		if (r >= 0)
			r = record_put_raw(w, set->value, values_size(set->entry->nsems), err);
	}
	return r < 0 ? r : image_writer_close(&w, err);
}

static int get_set(const void *ctx, key_t key, int flags)
{
	const IpcSemEntry *entry = ctx;

	return semget(key, (int)entry->nsems, flags);
}

static int make_set(const struct ipc_set *set, struct err *err)
{
	const int id = (int)set->entry->desc->id;
	struct semid_ds ds = {0};

	int r = sysv_make(&kind, set->entry->desc, get_set, set->entry, err);
	if (r < 0)
		return r;
	sysv_own(set->entry->desc, &ds.sem_perm);
	if (semctl(id, 0, SETALL, (union semun){.array = set->value}) < 0 ||
	    semctl(id, 0, IPC_SET, (union semun){.buf = &ds}) < 0)
		return fail_errno(err, "fill System V semaphore set %d", id);
	return 0;
}

/* read_set() - 1, or 0 at the end of the file */
static int read_set(struct image_reader *reader, struct arena *arena, struct ipc_set *ret,
		    struct err *err)
{
	const void *raw;
	void *entry;

	int r = record_get(reader, &ipc_sem_entry__descriptor, arena, &entry, err);
	if (r <= 0)
		return r;
	ret->entry = entry;
	if (ret->entry->nsems > VALUES_MAX)
		return fail(err, -EBADMSG, "semaphore set of %u", ret->entry->nsems);
	r = record_get_raw(reader, values_size(ret->entry->nsems), &raw, err);
	if (r < 0)
		return r;
	ret->value = arena_copy(arena, raw, values_size(ret->entry->nsems));
	return ret->value ? 1 : fail(err, -ENOMEM, "semaphores");
}

int sem_restore(const struct image_dir *image, struct ipc_state *state, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	struct arena *arena = state->scene.arena;
	struct ipc_set set;

	if (!image_has(image, IMAGE_IPC_SEM, state->scene.ns_id))
		return 0;
	int r = image_reader_open(image, IMAGE_IPC_SEM, state->scene.ns_id, &reader, err);
	if (r < 0)
		return r;
	while ((r = read_set(reader, arena, &set, err)) > 0) {
		struct ipc_set *more =
			arena_grow(arena, state->set, state->n_sets, sizeof(*more));
		if (!more)
			return fail(err, -ENOMEM, "semaphores");
		state->set = more;
		state->set[state->n_sets++] = set;
		r = make_set(&set, err);
		if (r < 0)
			return r;
	}
	return r;
}
