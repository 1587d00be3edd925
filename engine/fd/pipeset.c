#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "engine/fd/kind.h"
#include "engine/fd/pipebuf.h"
#include "engine/fd/pipeset.h"
#include "engine/image/record.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool same_pipe(const struct pipe_seen *seen, const struct open_file *file)
{
	return seen->dev == file->st.st_dev && seen->ino == file->st.st_ino;
}

static void find_ends(const struct model *model, struct pipe_seen *seen)
{
	for (size_t i = 0; i < model->n_files && !(seen->reader && seen->writer); i++) {
		struct open_file *file = model->file[i];

		if (file->fd < 0 || !same_pipe(seen, file) || (file->flags & O_PATH))
			continue;
		if (pipe_reads(file->flags))
			seen->reader = file;
		if (pipe_writes(file->flags))
			seen->writer = file;
	}
}

static bool peer_is_gone(const struct pipe_seen *seen)
{
	struct pollfd p = {.fd = seen->reader ? seen->reader->fd : seen->writer->fd};
	int bytes[2];

	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)))
		return true;
	if (!seen->reader || pipe2(bytes, O_CLOEXEC) < 0)
		return false;
	ssize_t n = tee(seen->reader->fd, bytes[1], 1, SPLICE_F_NONBLOCK);
	close(bytes[0]);
	close(bytes[1]);
	return n == 0;
}

int pipeset_see(struct fd_dump *dump, const struct open_file *file, enum image_file image,
		struct pipe_seen **ret, struct err *err)
{
	struct pipe_seen *seen = dump->pipes;

	while (seen && !(seen->image == image && same_pipe(seen, file)))
		seen = seen->next;
	if (seen) {
		*ret = seen;
		return 0;
	}
	seen = arena_new_struct(dump->model->arena, struct pipe_seen);
	if (!seen)
		return fail(err, -ENOMEM, "no memory for a pipe");
	seen->image = image;
	seen->dev = file->st.st_dev;
	seen->ino = file->st.st_ino;
	find_ends(dump->model, seen);
	if (!seen->reader && !seen->writer)
		return fail(err, -EINVAL, "a pipe without ends");
	if (!seen->reader || !seen->writer)
		seen->peer_gone = peer_is_gone(seen);
	seen->next = dump->pipes;
	seen->id = seen->next ? seen->next->id + 1 : 1;
	dump->pipes = *ret = seen;
	return 0;
}

int pipeset_check_read(const struct pipe_seen *seen, struct err *err)
{
	int bytes = 0;

	if (!seen->reader || seen->peer_gone || ioctl(seen->reader->fd, FIONREAD, &bytes) < 0 ||
	    bytes == 0)
		return 0;
	return refuse(err,
		      "%s: %d bytes from outside of the container are not read yet; "
		      "try again when they are",
		      seen->reader->link, bytes);
}

int pipeset_look(struct fd_dump *dump, struct pipe_seen *seen, uint32_t pipe_id,
		 struct err *err)
{
	const struct open_file *end = seen->reader ? seen->reader : seen->writer;

	if (seen->looked)
		return 0;
	seen->looked = true;
	pipe_data_entry__init(&seen->data);
	seen->data.pipe_id = pipe_id;
	seen->data.has_uid = seen->data.has_gid = seen->data.has_mode = true;
	seen->data.uid = end->st.st_uid;
	seen->data.gid = end->st.st_gid;
	seen->data.mode = end->st.st_mode & 07777;
	if (!seen->reader) { /* what is in it nobody will read */
		int size = fcntl(end->fd, F_GETPIPE_SZ);

		seen->data.has_size = size > 0;
		seen->data.size = (uint32_t)size;
		return 0;
	}
	return pipebuf_peek(dump->model->arena, seen->reader->fd, &seen->data, &seen->bytes,
			    err);
}

static int put_all(const struct fd_dump *dump, struct image_writer *w, enum image_file image,
		   struct err *err)
{
	for (const struct pipe_seen *seen = dump->pipes; seen; seen = seen->next) {
		if (!seen->looked || seen->image != image)
			continue;
		int r = record_put(w, &seen->data.base, err);
		if (r == 0 && seen->data.bytes)
			r = record_put_raw(w, seen->bytes, seen->data.bytes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int pipeset_finish(struct fd_dump *dump, enum image_file image, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	const struct pipe_seen *seen = dump->pipes;

	while (seen && !(seen->looked && seen->image == image))
		seen = seen->next;
	if (!seen)
		return 0;
	int r = image_writer_open(dump->image, image, 0, &w, err);
	if (r == 0)
		r = put_all(dump, w, image, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

/* What a room loaded; so that a list without entries is not loaded again. */
struct pipe_list {
	struct pipe_made *first;
};

static int get_one(struct fd_make *make, struct image_reader *in, struct pipe_list *list,
		   struct err *err)
{
	struct arena *arena = make->model->arena;
	struct pipe_made *made = arena_new_struct(arena, struct pipe_made);
	const void *bytes = NULL;
	void *entry = NULL;

	if (!made)
		return fail(err, -ENOMEM, "no memory for a pipe");
	int r = record_get(in, &pipe_data_entry__descriptor, arena, &entry, err);
	if (r <= 0)
		return r;
	made->data = entry;
	r = record_get_raw(in, made->data->bytes, &bytes, err);
	if (r < 0)
		return r;
	made->bytes = arena_copy(arena, bytes, made->data->bytes);
	if (!made->bytes)
		return fail(err, -ENOMEM, "no memory for %u bytes", made->data->bytes);
	made->next = list->first;
	list->first = made;
	return 1;
}

static int load(struct fd_make *make, enum image_file image, void **ret, struct err *err)
{
	struct pipe_list *list = arena_new_struct(make->model->arena, struct pipe_list);
	scoped(image_reader_drop) struct image_reader *in = NULL;

	if (!list)
		return fail(err, -ENOMEM, "no memory for pipes");
	int r = image_reader_open(make->image, image, 0, &in, err);
	if (r == -ENOENT) {
		*ret = list;
		return 0;
	}
	while (r >= 0 && (r = get_one(make, in, list, err)) > 0)
		;
	if (r == 0)
		*ret = list;
	return r;
}

int pipeset_find(struct fd_make *make, void **list, enum image_file image, uint32_t pipe_id,
		 const struct pipe_made **ret, struct err *err)
{
	int r = *list ? 0 : load(make, image, list, err);

	if (r < 0)
		return r;
	const struct pipe_list *loaded = *list;
	const struct pipe_made *made = loaded->first;
	while (made && made->data->pipe_id != pipe_id)
		made = made->next;
	*ret = made;
	return 0;
}

int pipeset_reopen(int fd, uint32_t flags, int *ret_fd, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, (int)(flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC);
	if (again < 0)
		return fail_errno(err, "open %s", path);
	*ret_fd = again;
	return 0;
}
