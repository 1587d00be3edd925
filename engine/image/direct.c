#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/image/direct.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { CHUNK = 4 << 20, CHUNKS = 2 };

struct direct {
	int fd;
	uint64_t offset; /* the writer's */
	char *chunk[CHUNKS];
	int filling; /* the caller's chunk, with `used` bytes in it */
	size_t used;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved;
	size_t full[CHUNKS]; /* bytes to be written; 0: the caller's again */
	bool ended;
	int error; /* errno of the write that failed */
};

static int write_chunk(struct direct *d, const char *data, size_t size)
{
	while (size) {
		ssize_t n = pwrite(d->fd, data, size, (off_t)d->offset);

		if (n <= 0)
			return n < 0 ? errno : EIO;
		data += n;
		size -= (size_t)n;
		d->offset += (uint64_t)n;
	}
	return 0;
}

static void *write_all(void *arg)
{
	struct direct *d = arg;

	pthread_mutex_lock(&d->lock);
	for (int i = 0;; i = !i) {
		while (!d->full[i] && !d->ended)
			pthread_cond_wait(&d->moved, &d->lock);
		if (!d->full[i] || d->error)
			break;
		size_t size = d->full[i];
		pthread_mutex_unlock(&d->lock);
		int error = write_chunk(d, d->chunk[i], size);
		pthread_mutex_lock(&d->lock);
		d->error = error;
		d->full[i] = 0;
		pthread_cond_signal(&d->moved);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static void stop(struct direct *d)
{
	pthread_mutex_lock(&d->lock);
	d->ended = true;
	pthread_cond_signal(&d->moved);
	pthread_mutex_unlock(&d->lock);
	if (d->running)
		pthread_join(d->thread, NULL);
	d->running = false;
}

void direct_drop(struct direct **direct)
{
	struct direct *d = *direct;

	if (!d)
		return;
	stop(d);
	for (int i = 0; i < CHUNKS; i++)
		if (d->chunk[i])
			munmap(d->chunk[i], CHUNK);
	pthread_cond_destroy(&d->moved);
	pthread_mutex_destroy(&d->lock);
	free(d);
	*direct = NULL;
}

static int make_chunks(struct direct *d, struct err *err)
{
	for (int i = 0; i < CHUNKS; i++) {
		void *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
		if (p == MAP_FAILED)
			return fail_errno(err, "memory for pages on their way");
		d->chunk[i] = p;
	}
	return 0;
}

int direct_start(int fd, uint64_t offset, struct direct **ret, struct err *err)
{
	scoped(direct_drop) struct direct *d = NULL;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT) < 0)
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return fail(err, -ENOMEM, "memory for pages on their way");
	d->fd = fd;
	d->offset = offset;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->moved, NULL);
	int r = make_chunks(d, err);
	if (r < 0)
		return r;
	r = pthread_create(&d->thread, NULL, write_all, d);
	if (r)
		return fail(err, -r, "a thread to write pages: %s", strerrordesc_np(r));
	d->running = true;
	*ret = take_ptr(d);
	return 0;
}

static int failed(const struct direct *d, struct err *err)
{
	errno = d->error;
	return fail_errno(err, "write");
}

/* hand_over() - the chunk to the writer; back when the other one is free. */
static int hand_over(struct direct *d, struct err *err)
{
	pthread_mutex_lock(&d->lock);
	d->full[d->filling] = d->used;
	d->filling = !d->filling;
	d->used = 0;
	pthread_cond_signal(&d->moved);
	while (d->full[d->filling] && !d->error)
		pthread_cond_wait(&d->moved, &d->lock);
	int error = d->error;
	pthread_mutex_unlock(&d->lock);
	return error ? failed(d, err) : 0;
}

int direct_put(struct direct *d, const void *data, size_t size, struct err *err)
{
	const char *from = data;

	while (size) {
		size_t n = size < CHUNK - d->used ? size : CHUNK - d->used;

		memcpy(d->chunk[d->filling] + d->used, from, n);
		d->used += n;
		from += n;
		size -= n;
		if (d->used == CHUNK && hand_over(d, err) < 0)
			return err->code;
	}
	return 0;
}

int direct_finish(struct direct **direct, struct err *err)
{
	scoped(direct_drop) struct direct *d = take_ptr(*direct);

	if (d->used && hand_over(d, err) < 0)
		return err->code;
	stop(d);
	return d->error ? failed(d, err) : 0;
}
