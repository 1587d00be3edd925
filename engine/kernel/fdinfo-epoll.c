#include <errno.h>
#include <stdlib.h>

#include "engine/kernel/fdinfo-epoll.h"
#include "engine/kernel/fdinfo.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static bool key(const char **at, const char *name)
{
	scan_blanks(at);
	if (!scan_lit(at, name))
		return false;
	scan_blanks(at);
	return true;
}

static bool take_watch(const char **at, struct epoll_watch *w)
{
	uint64_t dev;

	if (!key(at, "tfd:") || !scan_s32(at, &w->tfd) || !key(at, "events:") ||
	    !scan_u32(at, 16, &w->events) || !key(at, "data:") || !scan_u64(at, 16, &w->data) ||
	    !key(at, "pos:") || !scan_s64(at, &w->pos) || !key(at, "ino:") ||
	    !scan_u64(at, 16, &w->ino) || !key(at, "sdev:") || !scan_u64(at, 16, &dev))
		return false;
	w->dev = fdinfo_dev(dev);
	return true;
}

static int by_tfd(const void *a, const void *b)
{
	const struct epoll_watch *x = *(struct epoll_watch *const *)a;
	const struct epoll_watch *y = *(struct epoll_watch *const *)b;

	if (x->tfd != y->tfd)
		return x->tfd < y->tfd ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* toff; there may be many thousands of watches */
static int count_same(struct arena *arena, const struct epoll_watches *list)
{
	struct epoll_watch **sorted = arena_alloc(arena, list->n * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		sorted[i] = &list->watch[i];
	if (list->n)
		qsort(sorted, list->n, sizeof(*sorted), by_tfd);
	for (size_t i = 1; i < list->n; i++)
		if (sorted[i]->tfd == sorted[i - 1]->tfd)
			sorted[i]->toff = sorted[i - 1]->toff + 1;
	return 0;
}

int fdinfo_epoll_parse(const char *text, struct arena *arena, struct epoll_watches *ret,
		       struct err *err)
{
	struct epoll_watches list = {};

	for (const char *at = text; *at; scan_line(&at)) {
		const char *peek = at;

		if (!scan_lit(&peek, "tfd:"))
			continue;
		list.watch = arena_grow(arena, list.watch, list.n, sizeof(*list.watch));
		if (!list.watch)
			return fail(err, -ENOMEM, "no memory for watch %zu", list.n);
		if (!take_watch(&at, &list.watch[list.n]))
			return fail(err, -EPROTO, "epoll watch \"%.40s\" is malformed", at);
		list.n++;
	}
	if (count_same(arena, &list) < 0)
		return fail(err, -ENOMEM, "no memory to sort %zu watches", list.n);
	*ret = list;
	return 0;
}
