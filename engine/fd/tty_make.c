/* tty_make.c - open terminals again, and give them to their sessions
 *
 * The first to open a terminal gives it settings and size.  In settle() the session's first
 * process takes it as controlling terminal, and the foreground group is set.  Exclusive mode
 * (TIOCEXCL) and the lock of the master come then: nobody opens after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/reg.h"
#include "engine/fd/tty.h"
#include "engine/fd/ttyinfo.h"
#include "engine/image/one.h"
#include "engine/inject/calls.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

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

static uint32_t index_of(const TtyInfoEntry *info)
{
	return info->pty ? info->pty->index : pts_index(info->rdev);
}

static const FileEntry *path_of(const struct model *model, const FileEntry *entry)
{
	const struct open_file *path = entry && entry->tty && entry->tty->has_regf_id
					       ? model_file(model, entry->tty->regf_id)
					       : NULL;

	return path && path->entry && path->entry->reg ? path->entry : NULL;
}

/* The file of the set that is the master of a terminal; NULL: it is outside. */
static struct open_file *master_of(const struct model *model, uint32_t info_id)
{
	for (size_t i = 0; i < model->n_files; i++) {
		const FileEntry *path = path_of(model, model->file[i]->entry);

		if (path && is_master(path->reg) &&
		    model->file[i]->entry->tty->tty_info_id == info_id)
			return model->file[i];
	}
	return NULL;
}

/* ptmx gives the lowest free number: those below the wanted one are held meanwhile. */
static int open_numbered(int ptmx, uint32_t flags, uint32_t index, int *ret_fd, struct err *err)
{
	scoped_fd int fd = path_reopen(ptmx, flags | O_NONBLOCK);
	unsigned int got = 0;

	if (fd < 0 || ioctl(fd, TIOCGPTN, &got) < 0)
		return fail_errno(err, "open a new terminal");
	if (got > index)
		return fail(err, -EBUSY, "terminal %u is taken; the next is %u", index, got);
	if (got < index)
		return open_numbered(ptmx, flags, index, ret_fd, err);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The node of the other end, and whether somebody had it and closed it. */
static int dress_node(const struct fd_make *make, const TtyInfoEntry *info, struct err *err)
{
	char buf[PTS_PATH], self[PATH_SELF_MAX];
	scoped_fd int at =
		path_open(make->root, pts_path(buf, index_of(info)), O_PATH | O_NOFOLLOW);

	if (at < 0)
		return fail_errno(err, "find %s", buf);
	if (info->has_uid && info->has_gid &&
	    chown(path_self(self, at), info->uid, info->gid) < 0)
		return fail_errno(err, "chown %s", buf);
	if (info->has_mode && chmod(path_self(self, at), info->mode & 07777) < 0)
		return fail_errno(err, "chmod %s", buf);
	if (!info->hung_up)
		return 0;
	int fd = path_reopen(at, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(err, "open %s", buf);
	close(fd);
	return 0;
}

static int open_master(const struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
		       const TtyInfoEntry *info, int *ret_fd, struct err *err)
{
	scoped_fd int ptmx = path_open(make->root, reg->name, O_PATH | O_NOFOLLOW);
	scoped_fd int fd = -1;
	int unlocked = 0, packets = info->packet_mode;
	struct stat st;

	if (ptmx < 0)
		return fail_errno(err, "find %s", reg->name);
	if (fstat(ptmx, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return refuse(err, "%s is not the pseudoterminal multiplexer", reg->name);
	int r = open_numbered(ptmx, flags, index_of(info), &fd, err);
	if (r < 0)
		return r;
	if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0 || ioctl(fd, TIOCPKT, &packets) < 0)
		return fail_errno(err, "settings of %s", reg->name);
	r = dress_node(make, info, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* By its old path, if the same terminal is there; /dev/tty would be ours. */
static int open_slave(struct fd_make *make, const RegFileEntry *reg, uint32_t flags,
		      const TtyInfoEntry *info, int *ret_fd, struct err *err)
{
	char buf[PTS_PATH];
	const char *path =
		strcmp(reg->name, "/dev/tty") ? reg->name : pts_path(buf, index_of(info));
	const struct open_file *master = master_of(make->model, info->id);
	unsigned int dev = 0;
	struct stat st;
	int its;

	if (master && fd_make_file(make, master->id, &its, err) < 0)
		return err->code;
	scoped_fd int at = path_open(make->root, path, O_PATH | O_NOFOLLOW);
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
	int r = is_master(path->reg)
			? open_master(make, path->reg, tty->flags, info, ret_fd, err)
			: open_slave(make, path->reg, tty->flags, info, ret_fd, err);
	if (r < 0 || ttys->dressed[which])
		return r;
	ttys->dressed[which] = true;
	return ttyinfo_apply(*ret_fd, info, err);
}

int tty_restore(struct fd_make *make, struct open_file *file, int *ret_fd, struct err *err)
{
	const TtyFileEntry *tty = file->entry->tty;
	const FileEntry *path = path_of(make->model, file->entry);
	scoped_fd int fd = -1;
	size_t which = 0;

	if (!path)
		return fail(err, -EPROTO, "the image has no path for it");
	int r = find(make, tty->tty_info_id, &which, err);
	if (r == 0)
		r = tty_open(make, tty, path, which, &fd, err);
	if (r == 0)
		r = fown_restore(make, fd, tty->flags, tty->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* A descriptor of the terminal that programs use: not of its master. */
static int number_in(const struct model *model, const struct task *task, uint32_t info_id)
{
	for (size_t i = 0; i < task->n_fds; i++) {
		const FileEntry *entry = task->fd[i].file->entry;
		const FileEntry *path = path_of(model, entry);

		if (path && entry->tty->tty_info_id == info_id && !is_master(path->reg))
			return task->fd[i].num;
	}
	return -1;
}

static void calls_drop(struct calls **calls)
{
	free(*calls);
}

/* The leader may have closed it: then it opens it for the moment. */
static int take_session(const struct model *model, const struct task *leader,
			const TtyInfoEntry *info, struct err *err)
{
	scoped(calls_drop) struct calls *c = leader->plant ? calls_new(leader->plant) : NULL;
	int num = number_in(model, leader, info->id), pgrp = (int)info->pgrp;
	unsigned int opened = 0, call;
	char path[PTS_PATH];

	if (!c)
		return fail(err, leader->plant ? -ENOMEM : -ESRCH, "task %d cannot be visited",
			    leader->vpid);
	if (num < 0) {
		uint64_t at = calls_data(c, pts_path(path, index_of(info)), sizeof(path));
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

static int close_doors(const struct fd_make *make, const TtyInfoEntry *info, struct err *err)
{
	const struct open_file *master = master_of(make->model, info->id);
	int locked = 1;

	if (info->locked && master && master->fd >= 0 &&
	    ioctl(master->fd, TIOCSPTLCK, &locked) < 0)
		return fail_errno(err, "TIOCSPTLCK");
	for (size_t i = 0; info->exclusive && i < make->model->n_files; i++) {
		const struct open_file *file = make->model->file[i];
		const FileEntry *path = path_of(make->model, file->entry);

		if (path && file->fd >= 0 && file->entry->tty->tty_info_id == info->id &&
		    !is_master(path->reg) && ioctl(file->fd, TIOCEXCL) < 0)
			return fail_errno(err, "TIOCEXCL");
	}
	return 0;
}

int tty_settle(struct fd_make *make, struct open_file *file, struct err *err)
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
	if (leader && (r = take_session(make->model, leader, info, err)) < 0)
		return r;
	return close_doors(make, info, err);
}
