/* test-fd-refused.c - what is not carried is named, with a way out */
#include <sys/fanotify.h>
#include <sys/syscall.h>

#include "tests/unit/fds.h"

static void refuse_it(int fd, const char *link, const char *why)
{
	struct world w;
	char want[512];

	world_start(&w);
	const struct open_file *file = world_see(&w, fd);
	check(!strncmp(file->link, link, strlen(link)));
	snprintf(want, sizeof(want), "task 7 (?): fd %d: %s: %s", fd, file->link, why);
	world_refused(&w, want);
}

static void names_an_io_uring(void)
{
	char params[120] = "";
	int fd = (int)syscall(SYS_io_uring_setup, 1, params);

	if (fd < 0)
		skip("no io_uring here");
	refuse_it(fd, "anon_inode:[io_uring]",
		  "cannot be carried yet; close it before the checkpoint");
}

static void names_a_namespace(void)
{
	refuse_it(open("/proc/self/ns/net", O_RDONLY), "net:[",
		  "an open namespace cannot be carried yet; close it before the checkpoint");
}

static void names_a_fanotify_group(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);

	if (fd < 0)
		skip("no fanotify here");
	refuse_it(fd, "anon_inode:[fanotify]",
		  "cannot be carried yet; close it before the checkpoint");
}

static void refuses_a_record_of_a_kind_it_does_not_know(void)
{
	struct world w;
	int fd = open("/dev/null", O_RDONLY), made;

	world_start(&w);
	world_see(&w, fd);
	world_dump(&w);
	w.seen.file[0]->entry->type = FD_TYPES__TUNF;
	world_load(&w);
	check(fd_make_file(&w.make, 1, &made, &w.err) == -EPROTO);
	check(strstr(world_why(&w), "files of type 15 are unknown to this ckrun"));
}

RUN(TEST(names_an_io_uring), TEST(names_a_namespace), TEST(names_a_fanotify_group),
    TEST(refuses_a_record_of_a_kind_it_does_not_know))
