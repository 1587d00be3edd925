/* lock_settle.c - take the locks of the image again */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "engine/fd/kind.h"
#include "engine/fd/lock.h"
#include "engine/image/one.h"
#include "engine/image/schema/filelock.pb-c.h"
#include "engine/inject/calls.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { FLAG_POSIX = 1, FLAG_FLOCK = 2, FLAG_OFD = 1024 };

static const struct open_file *file_of(const struct model *model, const FileLockEntry *lock)
{
	const struct task *task = model_task(model, lock->pid);

	if (lock->has_file_id)
		return model_file(model, lock->file_id);
	for (size_t i = 0; task && i < task->n_fds; i++)
		if (task->fd[i].num == lock->fd)
			return task->fd[i].file;
	return NULL;
}

static struct flock flock_of(const FileLockEntry *lock)
{
	return (struct flock){
		.l_type = (short)lock->type,
		.l_whence = SEEK_SET,
		.l_start = lock->start,
		.l_len = lock->len,
	};
}

static int take_flock(int fd, const FileLockEntry *lock, struct err *err)
{
	int how = lock->type == F_WRLCK ? LOCK_EX : LOCK_SH;

	return flock(fd, how | LOCK_NB) < 0 ? fail_errno(err, "flock") : 0;
}

static int take_ofd(int fd, const FileLockEntry *lock, struct err *err)
{
	struct flock range = flock_of(lock);

	return fcntl(fd, F_OFD_SETLK, &range) < 0 ? fail_errno(err, "F_OFD_SETLK") : 0;
}

static void calls_drop(struct calls **calls)
{
	free(*calls);
}

static int take_posix(const struct model *model, const FileLockEntry *lock, struct err *err)
{
	const struct task *task = model_task(model, lock->pid);
	struct flock range = flock_of(lock);

	if (!task || !task->plant)
		return fail(err, -ESRCH, "its task cannot be visited");
	scoped(calls_drop) struct calls *calls = calls_new(task->plant);
	if (!calls)
		return fail(err, -ENOMEM, "no memory for a visit");
	uint64_t at = calls_data(calls, &range, sizeof(range));
	calls_add(calls, "F_SETLK", SYS_fcntl, (uint64_t)lock->fd, F_SETLK, at);
	return calls_run(calls, task->thread[0].tid, err);
}

static int take(struct fd_make *make, const FileLockEntry *lock, struct err *err)
{
	const struct open_file *file = file_of(make->model, lock);

	if (!file || file->fd < 0)
		return fail(err, -EPROTO, "the image has no file for it");
	switch (lock->flag) {
	case FLAG_POSIX:
		return take_posix(make->model, lock, err);
	case FLAG_FLOCK:
		return take_flock(file->fd, lock, err);
	case FLAG_OFD:
		return take_ofd(file->fd, lock, err);
	default:
		return refuse(err, "a lock of sort %u is unknown to this ckrun", lock->flag);
	}
}

int lock_settle(struct fd_make *make, struct err *err)
{
	void **lock = NULL;
	size_t n = 0;

	int r = image_get_all(make->image, IMAGE_FILE_LOCKS, 0, make->model->arena, &lock, &n,
			      err);
	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		const FileLockEntry *l = lock[i];

		r = take(make, l, err);
		if (r < 0)
			fail_in(err, "task %d: lock on fd %d", l->pid, l->fd);
	}
	return r;
}
