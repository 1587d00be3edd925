/* share.c - what tasks have in common gets one id; every open file is met once
 *
 * Objects are told apart by kcmp(2) among those that could be the same.  Ids start at 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/kernel/fdlist.h"
#include "engine/kernel/kcmp.h"
#include "engine/kernel/pidfd.h"
#include "engine/kernel/proc.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { TABLES = 4 };

static const enum kcmp_kind table_kind[TABLES] = {KIND_VM, KIND_FILES, KIND_FS, KIND_SIGHAND};

static uint32_t *table_id(TaskKobjIdsEntry *ids, size_t table)
{
	switch (table_kind[table]) {
	case KIND_VM:
		return &ids->vm_id;
	case KIND_FILES:
		return &ids->files_id;
	case KIND_FS:
		return &ids->fs_id;
	default:
		return &ids->sighand_id;
	}
}

/* Ids of namespaces: all tasks have the container's, so one number each will do. */
static void set_namespace_ids(TaskKobjIdsEntry *ids)
{
	ids->has_pid_ns_id = ids->has_net_ns_id = ids->has_ipc_ns_id = ids->has_uts_ns_id =
		ids->has_mnt_ns_id = ids->has_user_ns_id = ids->has_cgroup_ns_id =
			ids->has_time_ns_id = true;
	ids->pid_ns_id = 1;
	ids->net_ns_id = 2;
	ids->ipc_ns_id = 3;
	ids->uts_ns_id = 4;
	ids->mnt_ns_id = 5;
	ids->user_ns_id = 6;
	ids->cgroup_ns_id = 7;
	ids->time_ns_id = 8;
}

static int share_tables(struct kcmp_set set[TABLES], struct task *task, struct err *err)
{
	TaskKobjIdsEntry *ids = task->thread[0].core->ids;
	uint32_t id;

	for (size_t i = 0; i < TABLES; i++) {
		struct kcmp_who who = {.tid = task->pid};

		int r = kcmp_set_add(&set[i], who, 0, &id, err);
		if (r < 0)
			return r;
		*table_id(ids, i) = id + 1;
	}
	set_namespace_ids(ids);
	return 0;
}

int checkpoint_find_shared(struct checkpoint *c, struct err *err)
{
	struct kcmp_set set[TABLES];

	for (size_t i = 0; i < TABLES; i++)
		set[i] = (struct kcmp_set){.kind = table_kind[i], .arena = c->arena};
	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];

		if (task->state != TASK_ZOMBIE && share_tables(set, task, err) < 0)
			return fail_in(err, "%s", model_task_name(&c->model, task));
	}
	return 0;
}

/* --- open files */

static int meet_file(struct checkpoint *c, const struct task *task,
		     const struct fdlist_entry *entry, int fd, const struct stat *st,
		     struct err *err)
{
	struct open_file *file = model_add_file(&c->model);
	FileEntry *record = arena_new_struct(c->arena, FileEntry);

	if (!file || !record)
		return fail(err, -ENOMEM, "files");
	file_entry__init(record);
	record->id = file->id;
	file->entry = record;
	file->holder = task;
	file->num = entry->fd;
	file->fd = fd;
	file->st = *st;
	file->link = entry->link;
	file->fdinfo = entry->info;
	file->mnt_id = (int)entry->mnt_id;
	file->pos = entry->pos;
	file->flags = entry->flags & ~(uint32_t)O_CLOEXEC;
	file->kind = fd_kind_of(file);
	record->type = file->kind->type;
	return 0;
}

/* What meeting files needs beside the checkpoint itself. */
struct meeting {
	struct checkpoint *c;
	struct kcmp_set set;
	struct open_file **by_id; /* ids of the set from 0 up */
};

static int meet_new(struct meeting *m, const struct task *task,
		    const struct fdlist_entry *entry, int fd, const struct stat *st,
		    uint32_t id, struct err *err)
{
	struct checkpoint *c = m->c;

	int r = meet_file(c, task, entry, fd, st, err);
	if (r < 0)
		return r;
	struct open_file **more =
		arena_grow(c->arena, m->by_id, id, sizeof(struct open_file *));
	if (!more)
		return fail(err, -ENOMEM, "files");
	m->by_id = more;
	m->by_id[id] = c->model.file[c->model.n_files - 1];
	return 0;
}

static int identify(struct meeting *m, const struct task *task,
		    const struct fdlist_entry *entry, struct open_file **ret, struct err *err)
{
	struct kcmp_who who = {.tid = task->pid, .fd = entry->fd};
	struct stat st;
	uint32_t id = 0;

	scoped_fd int fd = pidfd_file(task->pidfd, entry->fd, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "fstat");
	int r = kcmp_set_add(&m->set, who, kcmp_file_hash(entry, st.st_dev), &id, err);
	if (r > 0)
		r = meet_new(m, task, entry, take_fd(&fd), &st, id, err);
	if (r >= 0)
		*ret = m->by_id[id];
	return r;
}

static int meet_descriptor(struct meeting *m, struct task *task,
			   const struct fdlist_entry *entry, struct err *err)
{
	struct arena *arena = m->c->arena;
	struct descriptor *more = arena_grow(arena, task->fd, task->n_fds, sizeof(*task->fd));

	if (!more)
		return fail(err, -ENOMEM, "descriptors");
	task->fd = more;
	struct descriptor *d = &task->fd[task->n_fds];
	d->num = entry->fd;
	d->cloexec = (entry->flags & O_CLOEXEC) != 0;
	int r = identify(m, task, entry, &d->file, err);
	task->n_fds += r >= 0;
	return r;
}

bool checkpoint_is_first(const struct model *model, const struct task *task,
			 enum shared_thing what)
{
	const TaskKobjIdsEntry *mine = task_ids(task);

	for (size_t i = 0; model->task[i] != task; i++) {
		const TaskKobjIdsEntry *ids = task_ids(model->task[i]);

		if (what == MEMORY_OF ? ids->vm_id == mine->vm_id
				      : ids->files_id == mine->files_id)
			return false;
	}
	return true;
}

static int meet_files(struct meeting *m, struct task *task, struct err *err)
{
	struct fdlist list;

	int r = fdlist_read(task->pid, 0, m->c->arena, &list, err);
	for (size_t i = 0; i < list.n && r >= 0; i++) {
		r = meet_descriptor(m, task, &list.entry[i], err);
		if (r < 0)
			return fail_in(err, "fd %d", list.entry[i].fd);
	}
	return r;
}

int checkpoint_find_files(struct checkpoint *c, struct err *err)
{
	struct meeting m = {.c = c, .set = {.kind = KIND_FILE, .arena = c->arena}};

	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct task *task = c->model.task[i];

		if (task->state == TASK_ZOMBIE ||
		    !checkpoint_is_first(&c->model, task, FILES_OF))
			continue;
		if (meet_files(&m, task, err) < 0)
			return fail_in(err, "%s", model_task_name(&c->model, task));
	}
	return 0;
}

void checkpoint_meet_all_files(struct checkpoint *c)
{
	struct meeting m = {.c = c, .set = {.kind = KIND_FILE, .arena = c->arena}};

	for (size_t i = 0; i < c->model.n_tasks; i++) {
		struct err gone = {};

		meet_files(&m, c->model.task[i], &gone);
	}
}
