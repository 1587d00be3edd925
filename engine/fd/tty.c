/* tty.c - the container's own terminal, whose other end (the master) is outside
 *
 * Seen   a character device of majors 136-143 below the container's root, or /dev/tty; ttyinfo.h.
 * Made   the restored container has a terminal of the same number, made by its bundle
 *        (process.terminal): it is opened by the same path and gets the settings and size.
 *        In settle() the session's first process takes it as controlling terminal, and the
 *        foreground group is set.  Exclusive mode (TIOCEXCL) is set then, nobody opens after.
 * Outside  A terminal of the host that a root task has as stdin, stdout or stderr: what takes
 *        its place is given at restore, and is left as it is.
 * Lost   the name /dev/tty of a descriptor, it becomes one of /dev/pts/N; a line that is being
 *        typed and has not been ended; output that the outside has not read.
 * Refused  typed lines that nobody has read; a terminal that only an exec'd process has, because
 *        a bundle makes only one; a terminal that has hung up; the controlling terminal of a
 *        session that nobody has open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/fd/reg.h"
#include "engine/fd/ttyinfo.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/inject/calls.h"
#include "engine/kernel/stat.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PTS_FIRST = 136, PTS_LAST = 143 };

static bool is_pts(dev_t rdev)
{
	return major(rdev) >= PTS_FIRST && major(rdev) <= PTS_LAST;
}

static bool tty_match(const struct open_file *file)
{
	return S_ISCHR(file->st.st_mode) && file->link[0] == '/' &&
	       (is_pts(file->st.st_rdev) || file->st.st_rdev == makedev(5, 0));
}

struct tty_seen {
	struct tty_seen *next;
	TtyInfoEntry info;
};

static int check_unread(const struct open_file *file, struct err *err)
{
	int bytes = 0;

	if (ioctl(file->fd, FIONREAD, &bytes) == 0 && bytes > 0)
		return refuse(err,
			      "%s: %d bytes were typed and are not read yet; try again "
			      "when they are",
			      file->link, bytes);
	return 0;
}

static bool init_has(const struct model *model, unsigned int dev)
{
	const struct task *init = model->task[0];
	unsigned int its;

	for (size_t i = 0; i < init->n_fds; i++) {
		const struct open_file *file = init->fd[i].file;

		if (tty_match(file) && ioctl(file->fd, TIOCGDEV, &its) == 0 && its == dev)
			return true;
	}
	return false;
}

static int see(struct fd_dump *dump, const struct open_file *file, bool ext,
	       struct tty_seen **ret, struct err *err)
{
	struct tty_seen *seen = arena_new_struct(dump->model->arena, struct tty_seen);
	const struct tty_seen *before = dump->ttys;
	TtyPtyEntry *pty = arena_new_struct(dump->model->arena, TtyPtyEntry);

	if (!seen || !pty)
		return fail(err, -ENOMEM, "no memory for a terminal");
	tty_info_entry__init(&seen->info);
	int r = ttyinfo_look(dump->model->arena, file->fd, &seen->info, err);
	if (r < 0)
		return fail_in(err, "%s", file->link);
	for (*ret = dump->ttys; *ret; *ret = (*ret)->next)
		if ((*ret)->info.rdev == seen->info.rdev &&
		    ((*ret)->info.type == TTY_TYPE__EXT_TTY) == ext)
			return 0;
	seen->info.id = before ? before->info.id + 1 : 1;
	seen->info.type = ext ? TTY_TYPE__EXT_TTY : TTY_TYPE__PTY;
	seen->info.has_dev = seen->info.has_uid = seen->info.has_gid = true;
	seen->info.dev = (uint32_t)file->st.st_dev;
	seen->info.uid = file->st.st_uid;
	seen->info.gid = file->st.st_gid;
	tty_pty_entry__init(pty);
	pty->index = minor(seen->info.rdev) + (major(seen->info.rdev) - PTS_FIRST) * 256;
	seen->info.pty = pty;
	seen->next = dump->ttys;
	dump->ttys = *ret = seen;
	return ext ? 0 : ttyinfo_session(dump->model, &seen->info, err);
}

static int tty_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	TtyFileEntry *tty = arena_new_struct(dump->model->arena, TtyFileEntry);
	struct tty_seen *seen = NULL;
	struct open_file *path = NULL;

	if (!tty)
		return fail(err, -ENOMEM, "no memory for a terminal");
	tty_file_entry__init(tty);
	int r = reg_describe_file(dump, file, &path, err);
	bool ext = r == 0 && path->entry->reg->ext;
	if (r == 0)
		r = see(dump, file, ext, &seen, err);
	if (r == 0 && !ext)
		r = check_unread(file, err);
	if (r)
		return r;
	if (!ext && !init_has(dump->model, seen->info.rdev))
		return refuse(err,
			      "%s: the terminal of an exec'd process cannot be carried "
			      "yet; end it before the checkpoint",
			      file->link);
	tty->id = file->id;
	tty->flags = file->flags;
	tty->tty_info_id = seen->info.id;
	tty->has_regf_id = true;
	tty->regf_id = path->id;
	file->entry->tty = tty;
	return fown_dump(dump, file, &tty->fown, err);
}

/* Only the terminals that are open somewhere have a record. */
static int check_sessions(const struct fd_dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->model->n_tasks; i++) {
		const struct task *task = dump->model->task[i];
		const struct tty_seen *seen = dump->ttys;
		struct stat_task stat;

		if (task->vpid != task->vsid || task->state == TASK_ZOMBIE)
			continue;
		int r = stat_read(task->pid, 0, &stat, err);
		if (r < 0)
			return r;
		if (stat.tty_nr == 0 || stat.session != stat.pid)
			continue;
		while (seen && seen->info.rdev != stat.tty_nr)
			seen = seen->next;
		if (!seen) {
			refuse(err,
			       "its controlling terminal %u:%u is open nowhere in the "
			       "container; let it go with TIOCNOTTY",
			       major(stat.tty_nr), minor(stat.tty_nr));
			return fail_in(err, "%s", model_task_name(dump->model, task));
		}
	}
	return 0;
}

static int tty_finish(struct fd_dump *dump, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	int r = check_sessions(dump, err);
	if (r < 0 || !dump->ttys)
		return r;
	r = image_writer_open(dump->image, IMAGE_TTY_INFO, 0, &w, err);
	for (const struct tty_seen *seen = dump->ttys; r == 0 && seen; seen = seen->next)
		r = record_put(w, &seen->info.base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

struct ttys { /* of the image */
	TtyInfoEntry **info;
	size_t n;
	bool *dressed, *settled; /* [n] */
};

static int load(struct fd_make *make, struct err *err)
{
	struct arena *arena = make->model->arena;
	struct ttys *ttys = arena_new_struct(arena, struct ttys);
	void **info = NULL;

	if (!ttys)
		return fail(err, -ENOMEM, "no memory for terminals");
	int r = image_get_all(make->image, IMAGE_TTY_INFO, 0, arena, &info, &ttys->n, err);
	if (r < 0)
		return r;
	ttys->info = (TtyInfoEntry **)info;
	ttys->dressed = arena_alloc(arena, ttys->n * sizeof(bool));
	ttys->settled = arena_alloc(arena, ttys->n * sizeof(bool));
	if (!ttys->dressed || !ttys->settled)
		return fail(err, -ENOMEM, "no memory for terminals");
	make->ttys = ttys;
	return 0;
}

static int find(struct fd_make *make, uint32_t id, size_t *ret, struct err *err)
{
	int r = make->ttys ? 0 : load(make, err);

	if (r < 0)
		return r;
	const struct ttys *ttys = make->ttys;
	for (size_t i = 0; i < ttys->n; i++)
		if (ttys->info[i]->id == id) {
			*ret = i;
			return 0;
		}
	return fail(err, -EPROTO, "the image has no terminal %u", id);
}

static const char *pts_path(char buf[32], const TtyInfoEntry *info)
{
	uint32_t index = info->pty ? info->pty->index : minor(info->rdev);

	snprintf(buf, 32, "/dev/pts/%u", index);
	return buf;
}

/* By its old path, if the same terminal is there; /dev/tty would be ours. */
static int open_own(const struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
		    const TtyInfoEntry *info, int *ret_fd, struct err *err)
{
	char buf[32];
	const char *path = strcmp(reg->name, "/dev/tty") ? reg->name : pts_path(buf, info);
	scoped_fd int at = path_open(make->root, path, O_PATH | O_NOFOLLOW);
	unsigned int dev = 0;
	struct stat st;

	if (at < 0)
		return fail_errno(err,
				  "find the terminal %s; does process.terminal of the "
				  "bundle give one?",
				  path);
	if (fstat(at, &st) < 0 || !S_ISCHR(st.st_mode) || !is_pts(st.st_rdev))
		return refuse(err, "%s is no terminal", path);
	scoped_fd int fd = path_reopen(at, flags | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(err, "open the terminal %s", path);
	if (ioctl(fd, TIOCGDEV, &dev) < 0 || dev != info->rdev)
		return refuse(err, "%s is another terminal now", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int tty_open(struct fd_make *make, const TtyFileEntry *tty, const FileEntry *path,
		    size_t which, int *ret_fd, struct err *err)
{
	const struct ttys *ttys = make->ttys;
	const TtyInfoEntry *info = ttys->info[which];

	if (path->reg->has_ext && path->reg->ext)
		return reg_open(make, path, tty->flags, ret_fd, err);
	int r = open_own(make, path->reg, tty->flags, info, ret_fd, err);
	if (r < 0 || ttys->dressed[which])
		return r;
	ttys->dressed[which] = true;
	return ttyinfo_apply(*ret_fd, info, err);
}

static int tty_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
		       struct err *err)
{
	const TtyFileEntry *tty = file->entry->tty;
	const struct open_file *path =
		tty && tty->has_regf_id ? model_file(make->model, tty->regf_id) : NULL;
	scoped_fd int fd = -1;
	size_t which = 0;

	if (!path || !path->entry || !path->entry->reg)
		return fail(err, -EPROTO, "the image has no path for it");
	int r = find(make, tty->tty_info_id, &which, err);
	if (r == 0)
		r = tty_open(make, tty, path->entry, which, &fd, err);
	if (r == 0)
		r = fown_restore(make, fd, tty->flags, tty->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int number_in(const struct task *task, uint32_t info_id)
{
	for (size_t i = 0; i < task->n_fds; i++) {
		const FileEntry *entry = task->fd[i].file->entry;

		if (entry && entry->tty && entry->tty->tty_info_id == info_id)
			return task->fd[i].num;
	}
	return -1;
}

static void calls_drop(struct calls **calls)
{
	free(*calls);
}

/* The leader may have closed it: then it opens it for the moment. */
static int take_session(const struct task *leader, const TtyInfoEntry *info, struct err *err)
{
	scoped(calls_drop) struct calls *c = leader->plant ? calls_new(leader->plant) : NULL;
	int num = number_in(leader, info->id), pgrp = (int)info->pgrp;
	unsigned int opened = 0, call;
	char path[32];

	if (!c)
		return fail(err, leader->plant ? -ENOMEM : -ESRCH, "task %d cannot be visited",
			    leader->vpid);
	if (num < 0) {
		uint64_t at = calls_data(c, pts_path(path, info), sizeof(path));
		opened = calls_add(c, "open the terminal", SYS_openat, (uint64_t)AT_FDCWD, at,
				   O_RDWR | O_NOCTTY);
	}
	call = calls_add(c, "TIOCSCTTY", SYS_ioctl, (uint64_t)num, TIOCSCTTY, 1);
	if (num < 0)
		calls_use(c, call, 0, opened);
	if (pgrp > 0) {
		uint64_t at = calls_data(c, &pgrp, sizeof(pgrp));
		call = calls_add(c, "TIOCSPGRP", SYS_ioctl, (uint64_t)num, TIOCSPGRP, at);
		if (num < 0)
			calls_use(c, call, 0, opened);
	}
	if (num < 0) {
		call = calls_add(c, "close", SYS_close, (uint64_t)num);
		calls_use(c, call, 0, opened);
	}
	int r = calls_run(c, leader->thread[0].tid, err);
	return r < 0 ? fail_in(err, "controlling terminal of task %d", leader->vpid) : 0;
}

static int tty_settle(struct fd_make *make, struct open_file *file, struct err *err)
{
	const TtyFileEntry *tty = file->entry->tty;
	size_t which = 0;

	int r = find(make, tty->tty_info_id, &which, err);
	if (r < 0)
		return r;
	const struct ttys *ttys = make->ttys;
	const TtyInfoEntry *info = ttys->info[which];
	if (ttys->settled[which] || info->type == TTY_TYPE__EXT_TTY)
		return 0;
	ttys->settled[which] = true;
	const struct task *leader =
		info->sid ? model_task(make->model, (pid_t)info->sid) : NULL;
	if (info->sid && !leader)
		return fail(err, -EPROTO, "the image has no task %u, its session", info->sid);
	if (leader && (r = take_session(leader, info, err)) < 0)
		return r;
	if (info->exclusive && ioctl(file->fd, TIOCEXCL) < 0)
		return fail_errno(err, "TIOCEXCL");
	return 0;
}

const struct fd_kind fd_tty = {
	.name = "terminal",
	.type = FD_TYPES__TTY,
	.match = tty_match,
	.dump = tty_dump,
	.finish = tty_finish,
	.restore = tty_restore,
	.settle = tty_settle,
};
