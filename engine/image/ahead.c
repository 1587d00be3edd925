#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/image/ahead.h"

enum { WORTH = 16 << 20, STEP = 4 << 20 };

struct ahead {
	pthread_t thread;
	const char *data;
	size_t size;
	atomic_bool stop;
};

static void *read_ahead(void *arg)
{
	struct ahead *a = arg;

	for (size_t at = 0; at < a->size && !atomic_load(&a->stop); at += STEP) {
		size_t n = a->size - at < STEP ? a->size - at : STEP;

		madvise((void *)(a->data + at), n, MADV_WILLNEED);
	}
	return NULL;
}

struct ahead *ahead_start(const void *data, size_t size)
{
	struct ahead *a = size < WORTH ? NULL : calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->data = data;
	a->size = size;
	if (pthread_create(&a->thread, NULL, read_ahead, a)) {
		free(a);
		return NULL;
	}
	return a;
}

void ahead_stop(struct ahead **ahead)
{
	struct ahead *a = *ahead;

	if (!a)
		return;
	atomic_store(&a->stop, true);
	pthread_join(a->thread, NULL);
	free(a);
	*ahead = NULL;
}
