/* test-fd-inotify.c - watches by number and path */
#include <sys/inotify.h>

#include "tests/unit/fds.h"

static char at[128];

static const char *in(const char *name)
{
	snprintf(at, sizeof(at), "%s/%s", scratch_path, name);
	return at;
}

static void happens(int fd, int wd, uint32_t mask, const char *name)
{
	union {
		struct inotify_event event;
		char room[512];
	} got;

	check(read(fd, &got, sizeof(got)) >= (ssize_t)sizeof(got.event));
	check(got.event.wd == wd && got.event.mask & mask);
	check(!name || !strcmp(got.event.name, name));
}

static int watching(struct world *w)
{
	int fd = inotify_init1(IN_NONBLOCK);

	if (getuid())
		skip("needs root");
	world_start(w);
	check(fd >= 0 && mkdir(in("dir"), 0755) == 0);
	close(open(in("dir/file"), O_CREAT | O_WRONLY, 0600));
	return fd;
}

static void watches_the_same_paths_under_the_same_numbers(void)
{
	struct world w;
	int before = watching(&w);
	int gone = inotify_add_watch(before, in("dir/file"), IN_OPEN);
	int dir = inotify_add_watch(before, in("dir"), IN_CREATE | IN_DELETE);

	check(inotify_rm_watch(before, gone) == 0);
	happens(before, gone, IN_IGNORED, NULL);
	int file = inotify_add_watch(before, in("dir/file"), IN_MODIFY | IN_EXCL_UNLINK);
	struct open_file *f = world_see(&w, before);
	world_dump(&w);
	check(!strcmp(f->kind->name, "inotify"));
	check(!strcmp(f->entry->ify->wd[0]->f_handle->path + strlen(scratch_path) - 1,
		      "/dir") ||
	      !strcmp(f->entry->ify->wd[1]->f_handle->path + strlen(scratch_path) - 1, "/dir"));
	world_restore(&w);
	int after = world_fd(&w, f->id);
	char got[64];
	check(read(after, got, sizeof(got)) < 0 && errno == EAGAIN);
	int fd = open(in("dir/file"), O_WRONLY);
	check(write(fd, "x", 1) == 1);
	happens(after, file, IN_MODIFY, NULL);
	close(open(in("dir/new"), O_CREAT | O_WRONLY, 0600));
	happens(after, dir, IN_CREATE, "new");
}

/* Where file systems have no handles (overlay) the tree is looked through. */
static void finds_a_path_without_a_handle(void)
{
	struct world w;
	int before = watching(&w);

	check(inotify_add_watch(before, in("dir/file"), IN_MODIFY) >= 0);
	struct open_file *f = world_see(&w, before);
	char *text = arena_strdup(w.arena, f->fdinfo), *handle = strstr(text, " fhandle-bytes");
	if (handle)
		*handle = '\0';
	f->fdinfo = text;
	w.dump.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	world_dump(&w);
	check(!strcmp(f->entry->ify->wd[0]->f_handle->path, in("dir/file") + 1));
}

static void refuses_events_that_are_not_read(void)
{
	struct world w;
	int before = watching(&w);
	char want[192];

	check(inotify_add_watch(before, in("dir"), IN_CREATE) >= 0);
	close(open(in("dir/new"), O_CREAT | O_WRONLY, 0600));
	world_see(&w, before);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: 32 bytes of events are not read yet; try again when they "
		 "are",
		 before);
	world_refused(&w, want);
}

static void refuses_a_watch_on_what_has_no_name(void)
{
	struct world w;
	int before = watching(&w), fd = open(in("dir/file"), O_RDONLY);

	check(fd >= 0 && inotify_add_watch(before, in("dir/file"), IN_MODIFY) >= 0);
	check(unlink(in("dir/file")) == 0);
	world_see(&w, before);
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
	check(strstr(world_why(&w), "which has no path in the container"));
}

RUN(TEST(watches_the_same_paths_under_the_same_numbers), TEST(finds_a_path_without_a_handle),
    TEST(refuses_events_that_are_not_read), TEST(refuses_a_watch_on_what_has_no_name))
