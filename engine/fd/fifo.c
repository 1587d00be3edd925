/* fifo.c - fifo(7): a pipe with a path
 *
 * Seen   the link is the path; ends are found by inode; contents by tee(2): pipebuf.
 *        Path, flags and owner are in a second record of files.img (regf_id).
 * Made   opened for reading and writing first, so that no open(2) waits for a peer; filled;
 *        then opened by each, and the first one is closed.
 *        A reader that no writer has come to yet does not hang up: it is opened last.
 * Outside  A fifo that the container's root does not show, and a root task has as stdin,
 *        stdout or stderr (containerd's shims do that): what takes its place is given at
 *        restore.
 * Lost   O_NOFOLLOW in the flags of a deleted fifo.
 * Refused  a fifo whose other end is outside of the container and no stdio;
 *        stdin with bytes that are not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/pipebuf.h"
#include "engine/fd/pipeset.h"
#include "engine/fd/reg.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool fifo_match(const struct open_file *file)
{
	return S_ISFIFO(file->st.st_mode) && file->link[0] == '/' && !(file->flags & O_PATH);
}

static bool hangs_up(const struct open_file *file)
{
	struct pollfd p = {.fd = file->fd};

	return pipe_reads(file->flags) && poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static int look(struct fd_dump *dump, const struct open_file *file, FifoEntry *fifo, bool ext,
		struct err *err)
{
	struct pipe_seen *seen = NULL;

	int r = pipeset_see(dump, file, IMAGE_FIFO_DATA, &seen, err);
	if (r < 0)
		return r;
	fifo->pipe_id = seen->id;
	if (ext)
		return pipeset_check_read(seen, err);
	if ((!seen->reader || !seen->writer) && !seen->peer_gone)
		return refuse(err,
			      "%s: its other end is outside of the container; close it before "
			      "the checkpoint",
			      file->link);
	return pipeset_look(dump, seen, seen->id, err);
}

static int fifo_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	FifoEntry *fifo = arena_new_struct(dump->model->arena, FifoEntry);
	struct open_file *path = NULL;

	if (!fifo)
		return fail(err, -ENOMEM, "no memory for a fifo");
	fifo_entry__init(fifo);
	int r = reg_describe_file(dump, file, &path, err);
	if (r < 0)
		return r;
	fifo->id = file->id;
	fifo->has_regf_id = true;
	fifo->regf_id = path->id;
	fifo->has_hung_up = true;
	fifo->hung_up = hangs_up(file);
	file->entry->fifo = fifo;
	return look(dump, file, fifo, path->entry->reg->ext, err);
}

static int fifo_finish(struct fd_dump *dump, struct err *err)
{
	return pipeset_finish(dump, IMAGE_FIFO_DATA, err);
}

/* The record with path, flags and owner; NULL: the image has none. */
static const FileEntry *path_of(const struct model *model, const FifoEntry *fifo)
{
	const struct open_file *path =
		model_file(model, fifo->has_regf_id ? fifo->regf_id : fifo->id);

	return path && path->entry && path->entry->reg ? path->entry : NULL;
}

static int fifo_open(struct fd_make *make, const FifoEntry *fifo, int *ret_fd, struct err *err)
{
	const FileEntry *path = path_of(make->model, fifo);
	scoped_fd int fd = -1;

	if (!path)
		return fail(err, -EPROTO, "the image has no path for it");
	int r = reg_open(make, path, path->reg->flags | O_NONBLOCK, &fd, err);
	if (r == 0)
		r = fown_restore(make, fd, path->reg->flags, path->reg->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static bool any_writer(const struct model *model, uint32_t pipe_id)
{
	for (size_t i = 0; i < model->n_files; i++) {
		const FileEntry *entry = model->file[i]->entry;
		const FileEntry *path = entry && entry->fifo && entry->fifo->pipe_id == pipe_id
						? path_of(model, entry->fifo)
						: NULL;

		if (path && pipe_writes(path->reg->flags))
			return true;
	}
	return false;
}

/* Of all files of the fifo those that hang up, or can, or the others. */
static int open_those(struct fd_make *make, uint32_t pipe_id, bool quiet, bool writers,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < make->model->n_files; i++) {
		struct open_file *file = make->model->file[i];
		const FifoEntry *fifo = file->entry ? file->entry->fifo : NULL;

		if (!fifo || fifo->pipe_id != pipe_id || file->fd >= 0)
			continue;
		if ((!writers && fifo->has_hung_up && !fifo->hung_up) == quiet)
			r = fifo_open(make, fifo, &file->fd, err);
	}
	return r;
}

static int base_make(struct fd_make *make, const FifoEntry *fifo, int *ret_fd, struct err *err)
{
	const FileEntry *path = path_of(make->model, fifo);
	const struct pipe_made *made = NULL;

	if (!path)
		return fail(err, -EPROTO, "the image has no path for it");
	int r = pipeset_find(make, &make->fifos, IMAGE_FIFO_DATA, fifo->pipe_id, &made, err);
	if (r == 0)
		r = reg_open(make, path, O_RDWR | O_NONBLOCK, ret_fd, err);
	return r < 0 || !made ? r : pipebuf_fill(*ret_fd, made->data, made->bytes, err);
}

static int fifo_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			struct err *err)
{
	const FifoEntry *fifo = file->entry->fifo;
	const FileEntry *path = fifo ? path_of(make->model, fifo) : NULL;
	scoped_fd int base = -1;

	if (!path)
		return fail(err, -EPROTO, "the record has no state");
	if (path->reg->has_ext && path->reg->ext)
		return fifo_open(make, fifo, ret_fd, err);
	bool writers = any_writer(make->model, fifo->pipe_id);
	int r = base_make(make, fifo, &base, err);
	if (r == 0)
		r = open_those(make, fifo->pipe_id, false, writers, err);
	if (r < 0)
		return r;
	close(take_fd(&base));
	r = open_those(make, fifo->pipe_id, true, writers, err);
	if (r == 0)
		*ret_fd = file->fd;
	return r;
}

const struct fd_kind fd_fifo = {
	.name = "fifo",
	.type = FD_TYPES__FIFO,
	.match = fifo_match,
	.dump = fifo_dump,
	.finish = fifo_finish,
	.restore = fifo_restore,
};
