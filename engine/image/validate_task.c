/* validate_task.c - validation.h: is everything there that a task refers to? */
#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/validation.h"
#include "runtime/base/arena.h"

enum { TASK_DEAD = 2, TASK_ZOMBIE = 6 }; /* of task_state */

static void descriptors_check(struct validation *v, uint32_t files_id)
{
	struct err err = {};
	void **all;
	size_t n;

	if (image_get_all(v->dir, IMAGE_FDINFO, files_id, v->arena, &all, &n, &err) < 0) {
		problem_missing(v, IMAGE_FDINFO, files_id);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const FdinfoEntry *fd = all[i];
		const FileEntry *file = validate_file(v, fd->id);

		if (!file)
			problem(v, "fdinfo-%u.img: fd %u: files.img has no file %u", files_id,
				fd->fd, fd->id);
		else if (file->type != fd->type)
			problem(v, "fdinfo-%u.img: fd %u: type %d, its file %u has %d",
				files_id, fd->fd, fd->type, fd->id, file->type);
	}
}

static void fs_check(struct validation *v, uint32_t pid)
{
	const FsEntry *fs = validate_get(v, IMAGE_FS, pid);

	if (fs && !validate_file(v, fs->cwd_id))
		problem(v, "fs-%u.img: cwd: files.img has no file %u", pid, fs->cwd_id);
	if (fs && !validate_file(v, fs->root_id))
		problem(v, "fs-%u.img: root: files.img has no file %u", pid, fs->root_id);
}

static bool is_alive(struct validation *v, uint32_t pid)
{
	struct err err = {};
	void *core;

	if (image_get_one(v->dir, IMAGE_CORE, pid, v->arena, &core, &err) < 0)
		return false; /* listed with the tree */
	const TaskCoreEntry *tc = ((const CoreEntry *)core)->tc;
	return tc && tc->task_state != TASK_ZOMBIE && tc->task_state != TASK_DEAD;
}

/* Tasks that share a table or an address space have it once in the image. */
static void tables_check(struct validation *v, struct id_at *table, size_t n)
{
	ids_sort(table, n);
	for (size_t i = 0; i < n; i++)
		if (!i || table[i].id != table[i - 1].id)
			descriptors_check(v, table[i].id);
}

static void spaces_check(struct validation *v, struct id_at *space, size_t n)
{
	ids_sort(space, n);
	for (size_t i = 0, next; i < n; i = next) {
		uint32_t pid = v->task[space[i].at]->pid;

		for (next = i; next < n && space[next].id == space[i].id; next++)
			if (image_has(v->dir, IMAGE_MM, v->task[space[next].at]->pid))
				pid = v->task[space[next].at]->pid;
		validate_memory(v, pid);
	}
}

void validate_tasks(struct validation *v)
{
	struct id_at *table = arena_alloc(v->arena, v->n_tasks * sizeof(*table));
	struct id_at *space = arena_alloc(v->arena, v->n_tasks * sizeof(*space));
	size_t n = 0;

	if (!table || !space) {
		v->no_memory = true;
		return;
	}
	for (size_t i = 0; i < v->n_tasks; i++) {
		const TaskKobjIdsEntry *ids;

		if (!is_alive(v, v->task[i]->pid))
			continue;
		fs_check(v, v->task[i]->pid);
		ids = validate_get(v, IMAGE_IDS, v->task[i]->pid);
		if (!ids)
			continue;
		table[n] = (struct id_at){ids->files_id, i};
		space[n++] = (struct id_at){ids->vm_id, i};
	}
	tables_check(v, table, n);
	spaces_check(v, space, n);
}
