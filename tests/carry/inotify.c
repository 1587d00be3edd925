/* inotify.c - watches of a directory and a file go on, by number */
#include <sys/inotify.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

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

static void goes_on_watching(void)
{
	int fd = inotify_init1(IN_NONBLOCK),
	    file = open("/tmp/watched", O_CREAT | O_RDWR, 0600);

	check(!mkdir("/tmp/dir", 0755));
	int first = inotify_add_watch(fd, "/tmp/watched", IN_MODIFY);
	int dir = inotify_add_watch(fd, "/tmp/dir", IN_CREATE | IN_MOVED_TO);
	check(inotify_rm_watch(fd, first) == 0);
	happens(fd, first, IN_IGNORED, NULL);
	int again = inotify_add_watch(fd, "/tmp/watched", IN_MODIFY);
	carried();
	char none[64];
	check(read(fd, none, sizeof(none)) < 0 && errno == EAGAIN);
	check(write(file, "x", 1) == 1);
	happens(fd, again, IN_MODIFY, NULL);
	close(open("/tmp/dir/new", O_CREAT | O_WRONLY, 0600));
	happens(fd, dir, IN_CREATE, "new");
	check(inotify_rm_watch(fd, dir) == 0);
}

RUN(TEST(goes_on_watching))
