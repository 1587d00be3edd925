/* tty.c - pseudoterminals: the container's own, and those that its programs made
 *
 * Seen   a character device of majors 136-143 below the container's root, /dev/tty, or the
 *        master, /dev/ptmx (5:2); ttyinfo.h.
 * Made   tty_make.c.  A terminal whose master is outside: the restored container has one of
 *        the same number, made by its bundle (process.terminal).  A master of the set is opened
 *        until it has its number.
 * Outside  A terminal of the host that a root task has as stdin, stdout or stderr: what takes
 *        its place is given at restore, and is left as it is.
 * Lost   the name /dev/tty of a descriptor, it becomes one of /dev/pts/N; a line that is being
 *        typed and has not been ended; output that the outside has not read.
 * Refused  bytes that wait in a terminal, in either direction; a terminal that only an exec'd
 *        process has, because a bundle makes only one; a terminal that has hung up; the
 *        controlling terminal of a session that nobody has open.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/reg.h"
#include "engine/fd/tty.h"
#include "engine/fd/ttyinfo.h"
#include "engine/image/record.h"
#include "engine/kernel/stat.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool is_ptmx(const struct open_file *file)
{
	return file->st.st_rdev == makedev(5, 2);
}

static bool tty_match(const struct open_file *file)
{
	return S_ISCHR(file->st.st_mode) && file->link[0] == '/' &&
	       (is_pts(file->st.st_rdev) || file->st.st_rdev == makedev(5, 0) || is_ptmx(file));
}

struct tty_seen {
	struct tty_seen *next;
	TtyInfoEntry info;
};

static int check_waiting(const struct open_file *file, struct err *err)
{
	int bytes = 0;

	if (ioctl(file->fd, FIONREAD, &bytes) == 0 && bytes > 0)
		return refuse(err,
			      "%s: %d bytes were %s and are not read yet; try again when "
			      "they are",
			      file->link, bytes, is_ptmx(file) ? "printed" : "typed");
	return 0;
}

static bool has_master(const struct model *model, unsigned int dev)
{
	for (size_t i = 0; i < model->n_files; i++) {
		const struct open_file *file = model->file[i];
		unsigned int its;

		if (file->fd >= 0 && tty_match(file) && is_ptmx(file) &&
		    ioctl(file->fd, TIOCGDEV, &its) == 0 && its == dev)
			return true;
	}
	return false;
}

/* A terminal comes from the bundle, for the first process, or from a program of the set. */
static bool comes_back(const struct model *model, unsigned int dev)
{
	const struct task *init = model->task[0];

	if (has_master(model, dev))
		return true;
	for (size_t i = 0; i < init->n_fds; i++) {
		const struct open_file *file = init->fd[i].file;
		unsigned int its;

		if (tty_match(file) && ioctl(file->fd, TIOCGDEV, &its) == 0 && its == dev)
			return true;
	}
	return false;
}

static void note_node(const struct fd_dump *dump, const struct open_file *file, bool ext,
		      TtyInfoEntry *info)
{
	char buf[PTS_PATH];
	scoped_fd int at = ext ? -1
			       : path_open(dump->root, pts_path(buf, pts_index(info->rdev)),
					   O_PATH | O_NOFOLLOW);
	struct stat st = file->st;

	if (at >= 0)
		(void)fstat(at, &st);
	info->has_dev = info->has_uid = info->has_gid = info->has_mode = true;
	info->dev = (uint32_t)st.st_dev;
	info->uid = st.st_uid;
	info->gid = st.st_gid;
	info->mode = st.st_mode;
}

/* What only the master knows. */
static int note_master(const struct open_file *file, TtyInfoEntry *info, struct err *err)
{
	struct pollfd p = {.fd = file->fd};
	int locked = 0, packets = 0;

	if (ioctl(file->fd, TIOCGPTLCK, &locked) < 0 || ioctl(file->fd, TIOCGPKT, &packets) < 0)
		return fail_errno(err, "settings of %s", file->link);
	info->locked = locked;
	info->packet_mode = packets;
	info->has_hung_up = true;
	info->hung_up = poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
	return 0;
}

static struct tty_seen *find_seen(const struct fd_dump *dump, uint32_t dev, bool ext)
{
	struct tty_seen *seen = dump->ttys;

	while (seen &&
	       !(seen->info.rdev == dev && (seen->info.type == TTY_TYPE__EXT_TTY) == ext))
		seen = seen->next;
	return seen;
}

static int see_new(struct fd_dump *dump, const struct open_file *file, bool ext,
		   struct tty_seen *seen, struct err *err)
{
	const struct tty_seen *before = dump->ttys;
	TtyPtyEntry *pty = arena_new_struct(dump->model->arena, TtyPtyEntry);

	if (!pty)
		return fail(err, -ENOMEM, "no memory for a terminal");
	tty_pty_entry__init(pty);
	pty->index = pts_index(seen->info.rdev);
	seen->info.pty = pty;
	seen->info.id = before ? before->info.id + 1 : 1;
	seen->info.type = ext ? TTY_TYPE__EXT_TTY : TTY_TYPE__PTY;
	note_node(dump, file, ext, &seen->info);
	seen->next = dump->ttys;
	dump->ttys = seen;
	return ext ? 0 : ttyinfo_session(dump->model, &seen->info, err);
}

static int see(struct fd_dump *dump, const struct open_file *file, bool ext,
	       struct tty_seen **ret, struct err *err)
{
	struct tty_seen *seen = arena_new_struct(dump->model->arena, struct tty_seen);

	if (!seen)
		return fail(err, -ENOMEM, "no memory for a terminal");
	tty_info_entry__init(&seen->info);
	int r = ttyinfo_look(dump->model->arena, file->fd, &seen->info, err);
	if (r < 0)
		return fail_in(err, "%s", file->link);
	bool exclusive = seen->info.exclusive && !is_ptmx(file);
	*ret = find_seen(dump, seen->info.rdev, ext);
	if (!*ret) {
		*ret = seen;
		r = see_new(dump, file, ext, seen, err);
		seen->info.exclusive = false;
	}
	(*ret)->info.exclusive |= exclusive;
	return r < 0 || !is_ptmx(file) ? r : note_master(file, &(*ret)->info, err);
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
		r = check_waiting(file, err);
	if (r)
		return r;
	if (!ext && dump->on_host && !has_master(dump->model, seen->info.rdev))
		return refuse(
			err,
			"%s: a terminal whose master is outside cannot be carried without "
			"a container yet; redirect it",
			file->link);
	if (!ext && !comes_back(dump->model, seen->info.rdev))
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

const struct fd_kind fd_tty = {
	.name = "terminal",
	.type = FD_TYPES__TTY,
	.match = tty_match,
	.dump = tty_dump,
	.finish = tty_finish,
	.restore = tty_restore,
	.settle = tty_settle,
};
