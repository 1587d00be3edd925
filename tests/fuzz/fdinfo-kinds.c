/* fdinfo-kinds.c - libFuzzer: no text breaks the readers of fdinfo of one kind of file */
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/fdinfo-epoll.h"
#include "engine/kernel/fdinfo-inotify.h"
#include "engine/kernel/fdinfo-lock.h"
#include "engine/kernel/fdinfo-signalfd.h"
#include "engine/kernel/fdinfo-timerfd.h"
#include "engine/kernel/fdlist.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void said_why(int r, const struct err *err)
{
	if (r < 0 && !err->n)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = strndup((const char *)data, size);
	struct epoll_watches epoll;
	struct inotify_watches inotify;
	struct file_locks locks;
	struct timerfd_state timer;
	struct fdlist_entry entry = {};
	uint64_t mask;
	struct err err[6] = {};

	if (arena && text) {
		said_why(fdinfo_epoll_parse(text, arena, &epoll, &err[0]), &err[0]);
		said_why(fdinfo_inotify_parse(text, arena, &inotify, &err[1]), &err[1]);
		said_why(fdinfo_lock_parse(text, arena, &locks, &err[2]), &err[2]);
		said_why(fdinfo_timerfd_parse(text, &timer, &err[3]), &err[3]);
		said_why(fdinfo_signalfd_parse(text, &mask, &err[4]), &err[4]);
		said_why(fdlist_parse(text, &entry, &err[5]), &err[5]);
	}
	free(text);
	arena_free(&arena);
	return 0;
}
