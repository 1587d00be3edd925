#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "engine/fd/kind.h"
#include "engine/fd/lock.h"
#include "engine/image/record.h"
#include "engine/image/schema/filelock.pb-c.h"
#include "engine/kernel/fdinfo-lock.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

/* The kernel's FL_* of the image. */
static const uint32_t flag_of[] = {
	[LOCK_POSIX] = 1,
	[LOCK_FLOCK] = 2,
	[LOCK_OFD] = 1024,
};

struct locks_seen {
	FileLockEntry **lock;
	size_t n;
};

static int add(struct fd_dump *dump, const struct file_lock *lock, const struct task *task,
	       const struct descriptor *d, struct err *err)
{
	struct arena *arena = dump->model->arena;
	FileLockEntry *entry = arena_new_struct(arena, FileLockEntry);

	if (!dump->locks)
		dump->locks = arena_new_struct(arena, struct locks_seen);
	struct locks_seen *seen = dump->locks;
	if (!seen || !entry)
		return fail(err, -ENOMEM, "no memory for a lock");
	FileLockEntry **more = arena_grow(arena, seen->lock, seen->n, sizeof(*more));
	if (!more)
		return fail(err, -ENOMEM, "no memory for lock %zu", seen->n);
	file_lock_entry__init(entry);
	entry->flag = flag_of[lock->kind];
	entry->type = (uint32_t)lock->type;
	entry->pid = task->vpid;
	entry->fd = d->num;
	entry->start = lock->start;
	entry->len = lock->end == INT64_MAX ? 0 : lock->end - lock->start + 1;
	entry->has_file_id = true;
	entry->file_id = d->file->id;
	seen->lock = more;
	seen->lock[seen->n++] = entry;
	return 0;
}

int lock_dump(struct fd_dump *dump, const struct open_file *file, struct err *err)
{
	const struct descriptor d = {.num = file->num, .file = (struct open_file *)file};
	struct file_locks locks = {0};

	if (!strstr(file->fdinfo, "lock:"))
		return 0;
	int r = fdinfo_lock_parse(file->fdinfo, dump->model->arena, &locks, err);
	for (size_t i = 0; r == 0 && i < locks.n; i++) {
		enum lock_kind kind = locks.lock[i].kind;

		if (kind == LOCK_LEASE || kind == LOCK_OTHER)
			return refuse(err,
				      "%s: its lease cannot be carried yet; give it back with "
				      "F_SETLEASE, F_UNLCK",
				      file->link);
		if (kind != LOCK_POSIX)
			r = add(dump, &locks.lock[i], file->holder, &d, err);
	}
	return r;
}

/* --- POSIX locks */

/* Above, /proc/locks is cheaper: it takes 12 ms, one fdinfo about 10 us. */
enum { ASK_EACH = 500 };

/* "1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF", in fdinfo with "lock:" before it; a waiting
 * request has "->" first. */
static bool line_pid(const char *line, pid_t *ret)
{
	uint64_t number;
	size_t len;
	int32_t pid;

	if (scan_lit(&line, "lock:"))
		scan_blanks(&line);
	scan_u64(&line, 10, &number);
	scan_lit(&line, ":");
	scan_blanks(&line);
	if (!scan_lit(&line, "POSIX"))
		return false;
	for (int word = 0; word < 2; word++) {
		scan_blanks(&line);
		scan_word(&line, &len);
	}
	scan_blanks(&line);
	if (!scan_s32(&line, &pid))
		return false;
	*ret = pid;
	return true;
}

static bool has_posix_locks(const char *locks, pid_t pid)
{
	pid_t owner;

	do {
		if (line_pid(locks, &owner) && owner == pid)
			return true;
	} while (scan_line(&locks));
	return false;
}

/* The descriptors of a task; of a shared table the first sharer has them in the model. */
static const struct task *table_of(const struct model *model, const struct task *task)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *first = model->task[i];

		if (first->n_fds && first->thread[0].core && task->thread[0].core &&
		    task_ids(first)->files_id == task_ids(task)->files_id)
			return first;
	}
	return task;
}

static bool can_take(const struct open_file *file, int type)
{
	uint32_t mode = file->flags & O_ACCMODE;

	return !(file->flags & O_PATH) && mode != (type == F_WRLCK ? O_RDONLY : O_WRONLY);
}

static bool is_known(const struct locks_seen *seen, const struct task *task,
		     const struct file_lock *lock, const struct model *model, ino_t ino)
{
	for (size_t i = 0; seen && i < seen->n; i++) {
		const FileLockEntry *e = seen->lock[i];

		if (e->flag == flag_of[LOCK_POSIX] && e->pid == task->vpid &&
		    e->start == lock->start && model_file(model, e->file_id)->st.st_ino == ino)
			return true;
	}
	return false;
}

static int add_posix(struct fd_dump *dump, const struct task *task, const struct descriptor *d,
		     struct err *err)
{
	const struct open_file *file = d->file;
	struct file_locks locks = {0};
	scoped_free char *text = NULL;
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", d->num);
	int r = proc_text(task->pid, 0, name, &text, err);
	if (r == 0)
		r = fdinfo_lock_parse(text, dump->model->arena, &locks, err);
	for (size_t i = 0; r == 0 && i < locks.n; i++) {
		const struct file_lock *lock = &locks.lock[i];

		if (lock->kind != LOCK_POSIX || !can_take(file, lock->type) ||
		    is_known(dump->locks, task, lock, dump->model, file->st.st_ino))
			continue;
		r = add(dump, lock, task, d, err);
	}
	return r;
}

static int task_locks(struct fd_dump *dump, const struct task *task, struct err *err)
{
	const struct task *table = table_of(dump->model, task);
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_fds; i++)
		if (table->fd[i].file->link[0] == '/')
			r = add_posix(dump, task, &table->fd[i], err);
	return r < 0 ? fail_in(err, "%s", model_task_name(dump->model, task)) : 0;
}

/* The survey saw the locks of one table in the fdinfo of a file, not those of others that have
 * the file too. */
static bool was_seen_through(const struct task *table, const struct descriptor *d)
{
	return d->file->holder == table && d->file->num == d->num;
}

static size_t descriptors_unseen(const struct model *model)
{
	size_t n = 0;

	for (size_t t = 0; t < model->n_tasks; t++)
		for (size_t i = 0; i < model->task[t]->n_fds; i++)
			n += !was_seen_through(model->task[t], &model->task[t]->fd[i]);
	return n;
}

/* owns_locks() - 1 or 0, as the descriptors of the task say */
static int owns_locks(const struct model *model, const struct task *task, struct err *err)
{
	const struct task *table = table_of(model, task);

	for (size_t i = 0; i < table->n_fds; i++) {
		const struct descriptor *d = &table->fd[i];
		scoped_free char *text = NULL;
		char name[32];

		if (d->file->link[0] != '/')
			continue;
		snprintf(name, sizeof(name), "fdinfo/%d", d->num);
		if (!was_seen_through(table, d) &&
		    proc_text(task->pid, 0, name, &text, err) < 0)
			return fail_in(err, "%s", model_task_name(model, task));
		if (has_posix_locks(text ? text : d->file->fdinfo, task->pid))
			return 1;
	}
	return 0;
}

static int posix_locks(struct fd_dump *dump, struct err *err)
{
	const struct model *model = dump->model;
	scoped_free char *all = NULL;
	int r = 0;

	if (descriptors_unseen(model) > ASK_EACH)
		r = file_read(AT_FDCWD, "/proc/locks", &all, err);
	for (size_t i = 0; r >= 0 && i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		if (task->state == TASK_ZOMBIE)
			continue;
		r = all ? has_posix_locks(all, task->pid) : owns_locks(model, task, err);
		if (r > 0)
			r = task_locks(dump, task, err);
	}
	return r;
}

int lock_finish(struct fd_dump *dump, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = posix_locks(dump, err);
	const struct locks_seen *seen = dump->locks;
	if (r < 0 || !seen)
		return r;
	r = image_writer_open(dump->image, IMAGE_FILE_LOCKS, 0, &w, err);
	for (size_t i = 0; r == 0 && i < seen->n; i++)
		r = record_put(w, &seen->lock[i]->base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}
