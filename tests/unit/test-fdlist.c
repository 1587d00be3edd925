/* test-fdlist.c - descriptors of a task and what the kernel says about them */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "engine/kernel/fdlist.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static const struct fdlist_entry *get(const struct fdlist *list, int fd)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->entry[i].fd == fd)
			return &list->entry[i];
	return NULL;
}

/* fn() runs in a child that then waits; the parent reads its descriptors. */
static void read_child(void (*fn)(void), struct arena *arena, struct fdlist *ret)
{
	struct err err = {};
	int ready[2];
	char c = 0;

	check(!pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	if (!pid) {
		fn();
		check(write(ready[1], &c, 1) == 1);
		pause();
	}
	close(ready[1]);
	int r = read(ready[0], &c, 1) == 1 ? fdlist_read(pid, 0, arena, ret, &err) : -1;
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid && !r);
}

static void three_descriptors(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), pipes[2];

	check(lseek(fd, 12345, SEEK_SET) == 12345);
	check(dup2(fd, 1000) == 1000);
	check(!pipe2(pipes, O_NONBLOCK) && dup2(pipes[1], 999) == 999);
	check(dup2(open("/dev/null", O_RDWR | O_APPEND), 998) == 998);
}

static void reads_link_position_and_flags_of_a_child(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct fdlist list;
	char exe[4096] = "";

	check(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	read_child(three_descriptors, arena, &list);
	const struct fdlist_entry *e = get(&list, 1000);
	check(e && e->pos == 12345 && !strcmp(e->link, exe) && !(e->flags & O_CLOEXEC));
	check((e->flags & O_ACCMODE) == O_RDONLY && e->mnt_id &&
	      strstr(e->info, "pos:\t12345"));
	e = get(&list, 999);
	check(e && e->flags & O_NONBLOCK && (e->flags & O_ACCMODE) == O_WRONLY && e->ino);
	check(!strncmp(e->link, "pipe:[", 6));
	e = get(&list, 998);
	check(e && e->flags & O_APPEND && !strcmp(e->link, "/dev/null"));
	check(!get(&list, 997));
}

static void many_descriptors(void)
{
	const struct rlimit limit = {4000, 4000};

	check(!setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 0; i < 3000; i++)
		check(dup(0) >= 0);
}

static void lists_thousands_in_order(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct fdlist list;

	read_child(many_descriptors, arena, &list);
	check(list.n >= 3001);
	for (size_t i = 1; i < list.n; i++)
		check(list.entry[i - 1].fd < list.entry[i].fd);
}

static void keeps_a_name_with_newlines(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char name[] = "/tmp/ckrun\npos:\t7 (deleted).XXXXXX";
	struct fdlist list;
	struct err err = {};
	struct stat st;
	scoped_fd int fd = mkostemp(name, O_CLOEXEC);

	check(fd >= 0 && !fstat(fd, &st) && !unlink(name));
	check(!fdlist_read(getpid(), 0, arena, &list, &err) && get(&list, fd));
	check(!strncmp(get(&list, fd)->link, name, strlen(name)) && get(&list, fd)->pos == 0);
	check(!strcmp(get(&list, fd)->link + strlen(name), " (deleted)"));
	check(get(&list, fd)->ino == st.st_ino && get(&list, fd)->flags & O_CLOEXEC);
}

static int pipes[2], own = -1;

static void *in_thread(void *tid)
{
	check(!unshare(CLONE_FILES));
	own = open("/dev/zero", O_RDONLY);
	*(pid_t *)tid = (pid_t)syscall(SYS_gettid);
	check(write(pipes[1], "x", 1) == 1);
	pause();
	return NULL;
}

static void reads_the_table_of_one_thread(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct fdlist list;
	struct err err = {};
	pthread_t thread;
	pid_t tid = 0;
	char c;

	check(!pipe(pipes) && !pthread_create(&thread, NULL, in_thread, &tid));
	check(read(pipes[0], &c, 1) == 1);
	check(!fdlist_read(getpid(), tid, arena, &list, &err));
	check(get(&list, own) && !strcmp(get(&list, own)->link, "/dev/zero"));
	check(!fdlist_read(getpid(), 0, arena, &list, &err));
	check(!get(&list, own) || strcmp(get(&list, own)->link, "/dev/zero") != 0);
}

static void says_which_line_is_missing(void)
{
	struct fdlist_entry e = {};
	struct err err = {};
	char text[512];

	check(!fdlist_parse("pos:\t1\nflags:\t0100002\nmnt_id:\t3\nino:\t4\nx:\t5\n", &e,
			    &err));
	check(e.pos == 1 && e.flags == 0100002 && e.mnt_id == 3 && e.ino == 4);
	check(fdlist_parse("pos:\t1\nflags:\t02\nino:\t4\n", &e, &err) == -EPROTO);
	check(strstr(err_text(&err, text, sizeof(text)), "mnt_id:"));
	check(fdlist_read(0x7ffffffe, 0, NULL, NULL, &err) == -ENOENT);
}

RUN(TEST(reads_link_position_and_flags_of_a_child), TEST(lists_thousands_in_order),
    TEST(keeps_a_name_with_newlines), TEST(reads_the_table_of_one_thread),
    TEST(says_which_line_is_missing))
