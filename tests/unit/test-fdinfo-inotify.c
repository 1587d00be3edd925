/* test-fdinfo-inotify.c - watches of an inotify descriptor */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/kernel/fdinfo-inotify.h"
#include "engine/kernel/proc.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void reads_what_is_watched(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free char *text = NULL;
	struct inotify_watches list;
	struct err err = {};
	char name[32];
	struct stat st;
	int fd = inotify_init();
	int tmp = inotify_add_watch(fd, "/tmp", IN_CREATE | IN_MOVED_FROM);
	int proc = inotify_add_watch(fd, "/proc/self", IN_ALL_EVENTS);

	check(fd >= 0 && tmp > 0 && proc > 0 && !stat("/tmp", &st));
	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	check(!proc_text(getpid(), 0, name, &text, &err));
	check(!fdinfo_inotify_parse(text, arena, &list, &err) && list.n == 2);
	const struct inotify_watch *w = &list.watch[list.watch[0].wd == tmp ? 0 : 1];
	check(w->wd == tmp && w->ino == st.st_ino && w->dev == st.st_dev);
	check(w->mask == (IN_CREATE | IN_MOVED_FROM));
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = {.head.handle_bytes = MAX_HANDLE_SZ};
	int mount;
	if (name_to_handle_at(AT_FDCWD, "/tmp", &handle.head, &mount, 0))
		skip("the file system of /tmp has no handles");
	check(w->handle_bytes == handle.head.handle_bytes);
	check(w->handle_type == (uint32_t)handle.head.handle_type);
	check(!memcmp(w->handle, handle.head.f_handle, w->handle_bytes));
}

static void reads_a_watch_without_a_handle(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct inotify_watches list;
	struct err err = {};

	check(!fdinfo_inotify_parse("inotify wd:3 ino:a sdev:1 mask:2 ignored_mask:0 \n", arena,
				    &list, &err));
	check(list.n == 1 && list.watch->wd == 3 && !list.watch->handle_bytes);
}

static void refuses_a_handle_of_another_length(void)
{
	static const char *const bad[] = {
		"inotify wd:3 ino:a sdev:1 mask:2\n",
		"inotify wd:3 ino:a sdev:1 mask:2 ignored_mask:0 fhandle-bytes:4 "
		"fhandle-type:1 "
		"f_handle:010203\n",
		"inotify wd:3 ino:a sdev:1 mask:2 ignored_mask:0 fhandle-bytes:2 "
		"fhandle-type:1 "
		"f_handle:010",
		("inotify wd:3 ino:a sdev:1 mask:2 ignored_mask:0 fhandle-bytes:ffffff "
		 "fhandle-type:1 f_handle:010"),
	};
	scoped(arena_free) struct arena *arena = arena_new();
	struct inotify_watches list;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {};

		check(fdinfo_inotify_parse(bad[i], arena, &list, &err) == -EPROTO && err.n);
	}
}

RUN(TEST(reads_what_is_watched), TEST(reads_a_watch_without_a_handle),
    TEST(refuses_a_handle_of_another_length))
