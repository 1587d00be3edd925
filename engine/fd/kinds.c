/* kinds.c - the table of contents of this folder. Order is the order of asking. */
#include <errno.h>

#include "engine/fd/ghost.h"
#include "engine/fd/kind.h"
#include "engine/fd/lock.h"
#include "engine/fd/memfd.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

extern const struct fd_kind fd_reg, fd_memfd, fd_pipe, fd_fifo, fd_tty, fd_pidfd, fd_eventfd,
	fd_timerfd, fd_signalfd, fd_inotify, fd_epoll, fd_refused;
extern const struct fd_kind fd_unix, fd_tcp, fd_udp, fd_netlink,
	fd_other_socket; /* engine/sock */

/* clang-format off */
static const struct fd_kind *const kinds[] = {
	&fd_reg,
	&fd_memfd,
	&fd_pipe,
	&fd_fifo,
	&fd_tty,
	&fd_pidfd,
	&fd_eventfd,
	&fd_timerfd,
	&fd_signalfd,
	&fd_inotify,
	&fd_unix,
	&fd_tcp,
	&fd_udp,
	&fd_netlink,
	&fd_other_socket,
	&fd_epoll,   /* settles after all others */
	&fd_refused, /* matches whatever is left */
};
/* clang-format on */

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const struct fd_kind *fd_kind_of(const struct open_file *file)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i]->match(file))
			return kinds[i];
	return &fd_refused;
}

const struct fd_kind *fd_kind_for(const FileEntry *entry)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i]->type == entry->type && kinds[i]->restore &&
		    (!kinds[i]->made_by || kinds[i]->made_by(entry)))
			return kinds[i];
	return NULL;
}

/* The last two links of every message: whose file, and which. */
static int fail_in_file(const struct model *model, const struct open_file *file,
			struct err *err)
{
	int num = file->num;
	const struct task *task = file->holder ? file->holder : fd_holder(model, file, &num);

	if (!task)
		return fail_in(err, "file %u", file->id);
	fail_in(err, "fd %d", num);
	return fail_in(err, "%s", model_task_name(model, task));
}

static int new_entry(const struct fd_dump *dump, struct open_file *file, struct err *err)
{
	file->entry = arena_new_struct(dump->model->arena, FileEntry);
	if (!file->entry)
		return fail(err, -ENOMEM, "no memory for file %u", file->id);
	file_entry__init(file->entry);
	file->entry->id = file->id;
	return 0;
}

int fd_dump_file(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	if (!file->holder) /* reg_describe() did */
		return 0;
	if (!file->kind)
		file->kind = fd_kind_of(file);
	int r = file->entry ? 0 : new_entry(dump, file, err);
	if (r == 0) {
		file->entry->type = file->kind->type;
		r = file->kind->dump(dump, file, err);
	}
	if (r == 0)
		r = lock_dump(dump, file, err);
	return r < 0 ? fail_in_file(dump->model, file, err) : 0;
}

int fd_dump_finish(struct fd_dump *dump, struct err *err)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		int r = kinds[i]->finish ? kinds[i]->finish(dump, err) : 0;
		if (r < 0)
			return fail_in(err, "%s", kinds[i]->name);
	}
	return lock_finish(dump, err);
}

static int make(struct fd_make *m, struct open_file *file, struct err *err)
{
	int fd = -1;

	if (!file->kind)
		return fail(err, -EPROTO, "files of type %d are unknown to this ckrun",
			    (int)file->entry->type);
	int r = file->kind->restore(m, file, &fd, err);
	if (r < 0)
		return fail_in(err, "%s", file->kind->name);
	file->fd = fd;
	return 0;
}

int fd_make_file(struct fd_make *m, uint32_t id, int *ret_fd, struct err *err)
{
	struct open_file *file = model_file(m->model, id);

	if (!file || !file->entry)
		return fail(err, -EPROTO, "the image has no file %u", id);
	if (!file->kind)
		file->kind = fd_kind_for(file->entry);
	if (file->fd < 0) {
		int r = make(m, file, err);
		if (r < 0)
			return fail_in_file(m->model, file, err);
	}
	*ret_fd = file->fd;
	return 0;
}

static int settle(struct fd_make *m, struct open_file *file, struct err *err)
{
	if (file->settled || file->fd < 0)
		return 0;
	int r = file->kind->settle(m, file, err);
	if (r < 0) {
		fail_in(err, "%s", file->kind->name);
		return fail_in_file(m->model, file, err);
	}
	file->settled = true;
	return 0;
}

int fd_settle(struct fd_make *m, struct err *err)
{
	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t i = 0; kinds[k]->settle && i < m->model->n_files; i++) {
			struct open_file *file = m->model->file[i];
			int r = file->kind == kinds[k] ? settle(m, file, err) : 0;

			if (r < 0)
				return r;
		}
	int r = memfd_seal(m, err);
	return r < 0 ? r : lock_settle(m, err);
}

void fd_make_end(struct fd_make *m)
{
	ghost_end(m);
	memfd_end(m);
}
