#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/kernel/fdinfo-inotify.h"
#include "engine/kernel/fdinfo.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

/* 1, 0 if it is malformed, -ENOMEM */
static int take_bytes(const char **at, struct arena *arena, struct inotify_watch *w)
{
	unsigned char *handle = arena_alloc(arena, w->handle_bytes);

	if (!handle)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->handle_bytes; i++, *at += 2) {
		char two[3] = "";
		const char *end = two;
		uint32_t byte;

		memcpy(two, *at, strnlen(*at, 2));
		if (!scan_u32(&end, 16, &byte) || end != two + 2)
			return 0;
		handle[i] = (unsigned char)byte;
	}
	w->handle = handle;
	return 1;
}

static int take_handle(const char **at, struct arena *arena, struct inotify_watch *w)
{
	if (!scan_lit(at, " fhandle-bytes:"))
		return 1;
	if (!scan_u32(at, 16, &w->handle_bytes) || w->handle_bytes > MAX_HANDLE_SZ ||
	    !scan_lit(at, " fhandle-type:") || !scan_u32(at, 16, &w->handle_type) ||
	    !scan_lit(at, " f_handle:"))
		return 0;
	return take_bytes(at, arena, w);
}

static bool take_watch(const char **at, struct inotify_watch *w)
{
	uint32_t ignored; /* always 0 of inotify */
	uint64_t dev;

	if (!scan_lit(at, "wd:") || !scan_s32(at, &w->wd) || !scan_lit(at, " ino:") ||
	    !scan_u64(at, 16, &w->ino) || !scan_lit(at, " sdev:") || !scan_u64(at, 16, &dev) ||
	    !scan_lit(at, " mask:") || !scan_u32(at, 16, &w->mask) ||
	    !scan_lit(at, " ignored_mask:") || !scan_u32(at, 16, &ignored))
		return false;
	w->dev = fdinfo_dev(dev);
	return true;
}

int fdinfo_inotify_parse(const char *text, struct arena *arena, struct inotify_watches *ret,
			 struct err *err)
{
	struct inotify_watches list = {};

	for (const char *at = text; *at; scan_line(&at)) {
		const char *line = at;

		if (!scan_lit(&at, "inotify "))
			continue;
		list.watch = arena_grow(arena, list.watch, list.n, sizeof(*list.watch));
		if (!list.watch)
			return fail(err, -ENOMEM, "no memory for watch %zu", list.n);
		int r = take_watch(&at, &list.watch[list.n]);
		if (r > 0)
			r = take_handle(&at, arena, &list.watch[list.n]);
		if (r < 0)
			return fail(err, r, "no memory for the handle of watch %zu", list.n);
		if (!r)
			return fail(err, -EPROTO, "\"%.60s\" is malformed", line);
		list.n++;
	}
	*ret = list;
	return 0;
}
