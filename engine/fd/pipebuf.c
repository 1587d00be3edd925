#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "engine/fd/pipebuf.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PAGE = 4096 };

struct scratch { /* a pipe of our own */
	int r, w;
};

static void scratch_close(const struct scratch *s)
{
	scope_close(&s->r);
	scope_close(&s->w);
}

static int set_size(int fd, uint32_t size, struct err *err)
{
	if (size == 0 || fcntl(fd, F_GETPIPE_SZ) == (int)size)
		return 0;
	if (fcntl(fd, F_SETPIPE_SZ, (int)size) >= 0)
		return 0;
	if (errno == EPERM)
		return refuse(err,
			      "it has room for %u bytes; raise "
			      "/proc/sys/fs/pipe-max-size to that",
			      size);
	return fail_errno(err, "F_SETPIPE_SZ %u", size);
}

static int scratch_open(struct scratch *s, uint32_t size, struct err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_errno(err, "pipe2");
	*s = (struct scratch){fd[0], fd[1]};
	return set_size(s->w, size, err);
}

/* n bytes, or the call did what pipes do not. */
static int whole(ssize_t r, size_t n, const char *what, struct err *err)
{
	if (r < 0)
		return fail_errno(err, "%s", what);
	if ((size_t)r != n)
		return fail(err, -EIO, "%s gave %zd of %zu bytes", what, r, n);
	return 0;
}

/* The three pipes of a look: a copy to be taken apart, room for one buffer, and room for one
 * buffer with something behind it. */
struct look {
	struct scratch copy, one, two;
};

static void look_close(const struct look *l)
{
	scratch_close(&l->copy);
	scratch_close(&l->one);
	scratch_close(&l->two);
}

/* The first buffer of the copy goes to data, its length is returned. */
static ssize_t take_buffer(struct look *l, char *data, bool *ret_packet, struct err *err)
{
	char mark[2 * PAGE];

	ssize_t n = tee(l->copy.r, l->one.w, INT32_MAX, SPLICE_F_NONBLOCK);
	if (n <= 0 || n > PAGE)
		return fail(err, -EIO, "tee of one buffer gave %zd bytes", n);
	if (whole(read(l->one.r, data, (size_t)n), (size_t)n, "read", err) < 0)
		return err->code;
	/* A read(2) ends with a packet, and goes on to the mark behind a stream. */
	if (whole(tee(l->copy.r, l->two.w, (size_t)n, SPLICE_F_NONBLOCK), (size_t)n, "tee",
		  err) < 0 ||
	    whole(write(l->two.w, "|", 1), 1, "write", err) < 0)
		return err->code;
	ssize_t got = read(l->two.r, mark, (size_t)n + 1);
	*ret_packet = got == n;
	if (*ret_packet && whole(read(l->two.r, mark, 1), 1, "read", err) < 0)
		return err->code;
	if (got < n)
		return fail(err, -EIO, "read gave %zd of %zd bytes", got, n);
	return whole(read(l->copy.r, data, (size_t)n), (size_t)n, "read", err) < 0 ? err->code
										   : n;
}

static int note_packet(struct arena *arena, PipeDataEntry *entry, uint32_t at, uint32_t len,
		       struct err *err)
{
	size_t n = entry->n_packet_offsets;
	uint32_t *offsets = arena_grow(arena, entry->packet_offsets, n, sizeof(uint32_t));
	uint32_t *lengths = arena_grow(arena, entry->packet_lengths, n, sizeof(uint32_t));

	if (!offsets || !lengths)
		return fail(err, -ENOMEM, "no memory for packet %zu", n);
	offsets[n] = at;
	lengths[n] = len;
	entry->packet_offsets = offsets;
	entry->packet_lengths = lengths;
	entry->n_packet_offsets = entry->n_packet_lengths = n + 1;
	return 0;
}

static int take_apart(struct arena *arena, struct look *l, PipeDataEntry *entry, char *data,
		      struct err *err)
{
	for (uint32_t at = 0; at < entry->bytes;) {
		bool packet = false;
		ssize_t n = take_buffer(l, data + at, &packet, err);

		if (n < 0)
			return (int)n;
		if (packet && note_packet(arena, entry, at, (uint32_t)n, err) < 0)
			return err->code;
		at += (uint32_t)n;
	}
	return 0;
}

int pipebuf_peek(struct arena *arena, int fd, PipeDataEntry *ret, const void **ret_data,
		 struct err *err)
{
	scoped(look_close) struct look l = {{-1, -1}, {-1, -1}, {-1, -1}};
	int bytes, size = fcntl(fd, F_GETPIPE_SZ);

	if (size < 0 || ioctl(fd, FIONREAD, &bytes) < 0)
		return fail_errno(err, "size of a pipe");
	ret->has_size = true;
	ret->size = (uint32_t)size;
	ret->bytes = (uint32_t)bytes;
	if (bytes == 0)
		return 0;
	char *data = arena_alloc(arena, (size_t)bytes + PAGE);
	if (!data)
		return fail(err, -ENOMEM, "no memory for %d bytes of a pipe", bytes);
	if (scratch_open(&l.copy, ret->size, err) < 0 || scratch_open(&l.one, PAGE, err) < 0 ||
	    scratch_open(&l.two, 0, err) < 0)
		return err->code;
	if (whole(tee(fd, l.copy.w, INT32_MAX, SPLICE_F_NONBLOCK), ret->bytes, "tee", err) < 0)
		return err->code;
	*ret_data = data;
	return take_apart(arena, &l, ret, data, err);
}

/* By way of a scratch pipe: a copied buffer is not merged with its neighbours. */
static int fill_run(int fd, struct scratch *s, const char *data, size_t len, int mode,
		    char *drain, struct err *err)
{
	if (len == 0)
		return 0;
	if (fcntl(s->w, F_SETFL, O_NONBLOCK | mode) < 0)
		return fail_errno(err, "F_SETFL");
	if (whole(write(s->w, data, len), len, "write", err) < 0 ||
	    whole(tee(s->r, fd, len, SPLICE_F_NONBLOCK), len, "tee", err) < 0)
		return err->code;
	return whole(read(s->r, drain, len), len, "read", err);
}

static int fill_packets(int fd, const PipeDataEntry *entry, const char *data, struct err *err)
{
	scoped(scratch_close) struct scratch s = {-1, -1};
	scoped_free char *drain = malloc(entry->bytes);
	uint32_t at = 0;

	if (!drain)
		return fail(err, -ENOMEM, "no memory for %u bytes of a pipe", entry->bytes);
	int r = scratch_open(&s, (uint32_t)fcntl(fd, F_GETPIPE_SZ), err);
	for (size_t i = 0; r == 0 && i < entry->n_packet_offsets; i++) {
		uint32_t start = entry->packet_offsets[i], len = entry->packet_lengths[i];

		if (start < at || len > PAGE || start > entry->bytes - len)
			return fail(err, -EPROTO, "packet %zu is outside of the pipe", i);
		r = fill_run(fd, &s, data + at, start - at, 0, drain, err);
		if (r == 0)
			r = fill_run(fd, &s, data + start, len, O_DIRECT, drain, err);
		at = start + len;
	}
	return r < 0 ? r : fill_run(fd, &s, data + at, entry->bytes - at, 0, drain, err);
}

int pipebuf_fill(int fd, const PipeDataEntry *entry, const void *data, struct err *err)
{
	if (entry->has_size && set_size(fd, entry->size, err) < 0)
		return err->code;
	if (entry->bytes == 0)
		return 0;
	if (entry->n_packet_offsets != entry->n_packet_lengths)
		return fail(err, -EPROTO, "packets of a pipe without places");
	if (entry->n_packet_offsets)
		return fill_packets(fd, entry, data, err);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail_errno(err, "F_SETFL");
	if (whole(write(fd, data, entry->bytes), entry->bytes, "write", err) < 0)
		return err->code;
	return fcntl(fd, F_SETFL, flags) < 0 ? fail_errno(err, "F_SETFL") : 0;
}
