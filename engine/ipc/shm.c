/* shm.c - System V shared memory: the segments, whoever attaches them
 *
 * Seen   shmctl(2) SHM_STAT_ANY by index                                    Linux 4.17
 *        A segment that is marked for removal is listed as long as it is attached (SHM_DEST),
 *        without its key.
 * Made   empty, with shmget(2); the memory room fills and attaches.  Removal and locks come
 *        last.
 * Lost   SHM_NORESERVE, shm_atime, shm_dtime, shm_ctime, shm_cpid, shm_lpid.
 * Refused  segments of huge pages; segments that nobody attaches where kernel.shm_rmid_forced is
 *        on, which would go with the process that made them or when we look at them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/vfs.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/ipc/rooms.h"
#include "engine/model/findings.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PAGE = 4096, STAT_ANY = 15, DEST = 01000, LOCKED = 02000 }; /* of linux/shm.h */

static const struct sysv_kind kind = {
	.name = "System V segment",
	.next_id = "/proc/sys/kernel/shm_next_id",
};

/* --- look */

static int add_segment(struct ipc_state *state, int id, const struct shmid_ds *ds,
		       struct err *err)
{
	struct arena *arena = state->scene.arena;
	IpcShmEntry *entry = arena_new_struct(arena, IpcShmEntry);
	struct ipc_segment *more =
		arena_grow(arena, state->segment, state->n_segments, sizeof(*more));

	if (!entry || !more)
		return fail(err, -ENOMEM, "segments");
	ipc_shm_entry__init(entry);
	entry->desc = sysv_describe(arena, id, &ds->shm_perm);
	if (!entry->desc)
		return fail(err, -ENOMEM, "segments");
	entry->size = ds->shm_segsz;
	entry->has_in_pagemaps = entry->in_pagemaps = true;
	state->segment = more;
	state->segment[state->n_segments++] = (struct ipc_segment){entry, ds->shm_nattch};
	return 0;
}

/* Attached segments are seen as regions of tasks. */
static int judge_unattached(const struct ipc_state *state, const struct ipc_segment *segment,
			    struct err *err)
{
	const uint32_t id = segment->entry->desc->id;
	struct statfs fs;

	if (state->var->shm_rmid_forced)
		return findings_add(
			state->scene.refused, err,
			"System V segment %u: nobody has it attached, and "
			"kernel.shm_rmid_forced would remove it on the way; remove it "
			"with ipcrm -m %u",
			id, id);
	scoped_fd int fd = -1;
	int r = shm_open_memory(id, &fd, err);
	if (r < 0)
		return r;
	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, "System V segment %u", id);
	if (fs.f_type != HUGETLBFS_MAGIC)
		return 0;
	return findings_add(
		state->scene.refused, err,
		"System V segment %u is of huge pages (SHM_HUGETLB), which cannot be "
		"carried yet; remove it with ipcrm -m %u",
		id, id);
}

int shm_look(struct ipc_state *state, struct err *err)
{
	struct shmid_ds ds;
	int r = 0, top = shmctl(0, SHM_INFO, &ds);

	if (top < 0)
		return errno == ENOSYS ? 0 : fail_errno(err, "list System V segments");
	for (int i = 0; i <= top && r >= 0; i++) {
		int id = shmctl(i, STAT_ANY, &ds);
		if (id >= 0)
			r = add_segment(state, id, &ds, err);
		else if (errno != EINVAL && errno != EIDRM)
			return fail_errno(err, "list System V segments");
	}
	for (size_t i = 0; i < state->n_segments && r >= 0; i++)
		if (!state->segment[i].attached)
			r = judge_unattached(state, &state->segment[i], err);
	return r;
}

/* The file behind our own region: map_files leads to it, and it stays when we detach. */
int shm_open_memory(uint32_t id, int *ret_fd, struct err *err)
{
	struct shmid_ds ds;
	char path[96];

	if (shmctl((int)id, IPC_STAT, &ds) < 0)
		return fail_errno(err, "System V segment %u", id);
	char *at = shmat((int)id, NULL, SHM_RDONLY);
	if (at == (void *)-1)
		return fail_errno(err, "attach System V segment %u", id);
	for (size_t step = PAGE, n = 0; n < 2; n++, step = 2 << 20) {
		unsigned long start = (unsigned long)at;
		unsigned long end = start + (ds.shm_segsz + step - 1) / step * step;

		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, end);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			shmdt(at);
			*ret_fd = fd;
			return 0;
		}
	}
	fail_errno(err, "open %s (System V segment %u)", path, id);
	shmdt(at);
	return err->code;
}

/* --- image */

int shm_dump(struct image_dir *image, const struct ipc_state *state, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	if (!state->n_segments)
		return 0;
	int r = image_writer_open(image, IMAGE_IPC_SHM, state->scene.ns_id, &w, err);
	for (size_t i = 0; i < state->n_segments && r >= 0; i++)
		r = record_put(w, &state->segment[i].entry->base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int get_segment(const void *ctx, key_t key, int flags)
{
	const IpcShmEntry *entry = ctx;

	return shmget(key, entry->size, flags);
}

static int make_segment(const IpcShmEntry *entry, struct err *err)
{
	struct shmid_ds ds = {0};

	if (!entry->has_in_pagemaps || !entry->in_pagemaps)
		return refuse(err,
			      "System V segment %u has its contents beside its record, as "
			      "images before CRIU 4 had it",
			      entry->desc->id);
	if (entry->has_hugetlb_flag && entry->hugetlb_flag)
		return refuse(
			err,
			"System V segment %u is of huge pages, which cannot be carried yet",
			entry->desc->id);
	int r = sysv_make(&kind, entry->desc, get_segment, entry, err);
	if (r < 0)
		return r;
	sysv_own(entry->desc, &ds.shm_perm);
	if (shmctl((int)entry->desc->id, IPC_SET, &ds) < 0)
		return fail_errno(err, "own System V segment %u", entry->desc->id);
	return 0;
}

int shm_restore(const struct image_dir *image, struct ipc_state *state, struct err *err)
{
	struct arena *arena = state->scene.arena;
	IpcShmEntry **entry;
	size_t n = 0;

	if (!image_has(image, IMAGE_IPC_SHM, state->scene.ns_id))
		return 0;
	int r = image_get_all(image, IMAGE_IPC_SHM, state->scene.ns_id, arena, (void ***)&entry,
			      &n, err);
	if (r < 0)
		return r;
	state->segment = arena_alloc(arena, (n + 1) * sizeof(*state->segment));
	if (!state->segment)
		return fail(err, -ENOMEM, "segments");
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = make_segment(entry[i], err);
		state->segment[state->n_segments++] = (struct ipc_segment){.entry = entry[i]};
	}
	return r;
}

/* --- settle */

static int settle_segment(const struct ipc_state *state, const IpcShmEntry *entry, bool forced,
			  struct err *err)
{
	const int id = (int)entry->desc->id;
	struct shmid_ds ds;

	(void)state;
	if (shmctl(id, IPC_STAT, &ds) < 0)
		return fail_errno(err, "System V segment %d", id);
	if (entry->desc->mode & LOCKED && shmctl(id, SHM_LOCK, NULL) < 0)
		return fail_errno(err, "lock System V segment %d", id);
	if (entry->desc->mode & DEST && shmctl(id, IPC_RMID, NULL) < 0)
		return fail_errno(err, "mark System V segment %d for removal", id);
	if (forced && !ds.shm_nattch)
		return refuse(err,
			      "System V segment %d: nobody has it attached, and "
			      "kernel.shm_rmid_forced of the bundle removes such segments",
			      id);
	return 0;
}

int shm_settle(const struct ipc_state *state, struct err *err)
{
	const bool forced =
		state->removal_forced || (state->var && state->var->shm_rmid_forced);
	int r = 0;

	for (size_t i = 0; i < state->n_segments && r >= 0; i++)
		r = settle_segment(state, state->segment[i].entry, forced, err);
	return r >= 0 && forced ? var_force_removal(err) : r;
}
