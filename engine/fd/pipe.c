/* pipe.c - pipe(2): its ends and the bytes between them
 *
 * Seen   the link "pipe:[inode]"; ends are found by inode; contents by tee(2): pipebuf.
 * Made   pipe2(2), filled; an end that was opened through /proc (it has O_LARGEFILE) is opened
 *        so again, each description of its own.  An end that nobody had is closed: a pipe
 *        with one end only stays so.
 * Outside  An end alone that a root task has as stdin, stdout or stderr is the container's
 *        stdio: the image has its name, and what takes its place is given at restore.
 * Lost   nothing.
 * Refused  a pipe whose other end is outside of the container and no stdio;
 *        stdin with bytes that are not read: they came through a pipe that stays behind;
 *        a notification pipe (O_NOTIFICATION_PIPE, Linux 5.8).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/fd/pipebuf.h"
#include "engine/fd/pipeset.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { FROM_OPEN = 0100000 }; /* the kernel's O_LARGEFILE; the C library's is 0 */

static bool pipe_match(const struct open_file *file)
{
	return S_ISFIFO(file->st.st_mode) && !strncmp(file->link, "pipe:[", 6) &&
	       !(file->flags & O_PATH);
}

/* The same size again: changes nothing, but a notification pipe does not take it. */
static int check_plain(const struct open_file *file, struct err *err)
{
	if (fcntl(file->fd, F_SETPIPE_SZ, fcntl(file->fd, F_GETPIPE_SZ)) < 0 && errno == EBUSY)
		return refuse(err,
			      "%s: a notification pipe cannot be carried yet; close it before "
			      "the checkpoint",
			      file->link);
	return 0;
}

static int look(struct fd_dump *dump, const struct open_file *file, struct err *err)
{
	struct pipe_seen *seen = NULL;
	struct err no_matter = {0};

	int r = pipeset_see(dump, file, IMAGE_PIPES_DATA, &seen, err);
	if (r < 0)
		return r;
	if ((!seen->reader || !seen->writer) && fd_stdio_add(dump, file, &no_matter) == 0)
		return pipeset_check_read(seen, err);
	if ((!seen->reader || !seen->writer) && !seen->peer_gone)
		return refuse(err,
			      "%s: its other end is outside of the container; close it before "
			      "the checkpoint",
			      file->link);
	return pipeset_look(dump, seen, (uint32_t)file->st.st_ino, err);
}

static int pipe_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	PipeEntry *pipe = arena_new_struct(dump->model->arena, PipeEntry);

	if (!pipe)
		return fail(err, -ENOMEM, "no memory for a pipe");
	pipe_entry__init(pipe);
	pipe->id = file->id;
	pipe->pipe_id = (uint32_t)file->st.st_ino;
	pipe->flags = file->flags;
	file->entry->pipe = pipe;
	int r = check_plain(file, err);
	if (r == 0)
		r = look(dump, file, err);
	return r < 0 ? r : fown_dump(dump, file, &pipe->fown, err);
}

static int pipe_finish(struct fd_dump *dump, struct err *err)
{
	return pipeset_finish(dump, IMAGE_PIPES_DATA, err);
}

struct base { /* the ends that pipe2(2) gave; each goes to one description at most */
	int r, w;
	bool r_given, w_given;
};

static void base_close(const struct base *base)
{
	scope_close(&base->r);
	scope_close(&base->w);
}

static int set_owner(int fd, const PipeDataEntry *data, struct err *err)
{
	if (data->has_uid && data->has_gid && fchown(fd, data->uid, data->gid) < 0)
		return fail_errno(err, "chown %u:%u", data->uid, data->gid);
	if (data->has_mode && fchmod(fd, data->mode & 07777) < 0)
		return fail_errno(err, "chmod 0%o", data->mode);
	return 0;
}

static int base_make(struct fd_make *make, uint32_t pipe_id, struct base *base, struct err *err)
{
	const struct pipe_made *made = NULL;
	int fd[2];

	int r = pipeset_find(make, &make->pipes, IMAGE_PIPES_DATA, pipe_id, &made, err);
	if (r < 0)
		return r;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe2");
	*base = (struct base){.r = fd[0], .w = fd[1]};
	if (!made)
		return 0;
	r = set_owner(base->r, made->data, err);
	return r < 0 ? r : pipebuf_fill(base->w, made->data, made->bytes, err);
}

/* pipe2(2) gives O_RDONLY and O_WRONLY without O_LARGEFILE, open(2) always sets that. */
static bool give(struct base *base, uint32_t flags, int *ret_fd)
{
	bool reads = (flags & O_ACCMODE) == O_RDONLY;
	bool *given = reads ? &base->r_given : &base->w_given;

	if ((flags & FROM_OPEN) || (flags & O_ACCMODE) == O_RDWR || *given)
		return false;
	*ret_fd = fcntl(reads ? base->r : base->w, F_DUPFD_CLOEXEC, 3);
	return *given = *ret_fd >= 0;
}

static int make_end(struct fd_make *make, struct base *base, const PipeEntry *pipe, int *ret_fd,
		    struct err *err)
{
	scoped_fd int fd = -1;

	if (!give(base, pipe->flags, &fd) && pipeset_reopen(base->r, pipe->flags, &fd, err) < 0)
		return err->code;
	int r = fown_restore(make, fd, pipe->flags, pipe->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int make_ends(struct fd_make *make, struct base *base, uint32_t pipe_id, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < make->model->n_files; i++) {
		struct open_file *file = make->model->file[i];
		const PipeEntry *pipe = file->entry ? file->entry->pipe : NULL;

		if (pipe && pipe->pipe_id == pipe_id && file->fd < 0)
			r = make_end(make, base, pipe, &file->fd, err);
	}
	return r;
}

static int from_stdio(struct fd_make *make, const PipeEntry *pipe, int stdio, int *ret_fd,
		      struct err *err)
{
	scoped_fd int fd = fcntl(stdio, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return fail_errno(err, "dup of stdio");
	int r = fown_restore(make, fd, pipe->flags & ~(uint32_t)O_DIRECT, pipe->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int pipe_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			struct err *err)
{
	const PipeEntry *pipe = file->entry->pipe;
	scoped(base_close) struct base base = {.r = -1, .w = -1};
	char link[32];

	if (!pipe)
		return fail(err, -EPROTO, "the record has no state");
	snprintf(link, sizeof(link), "pipe:[%u]", pipe->pipe_id);
	int stdio = fd_stdio_take(make, link);
	if (stdio >= 0)
		return from_stdio(make, pipe, stdio, ret_fd, err);
	int r = base_make(make, pipe->pipe_id, &base, err);
	if (r == 0)
		r = make_ends(make, &base, pipe->pipe_id, err);
	if (r < 0)
		return fail_in(err, "%s", link);
	*ret_fd = file->fd;
	return 0;
}

const struct fd_kind fd_pipe = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.match = pipe_match,
	.dump = pipe_dump,
	.finish = pipe_finish,
	.restore = pipe_restore,
};
