/* test-fdinfo-epoll.c - watches of an epoll, also of numbers used twice */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "engine/kernel/fdinfo-epoll.h"
#include "engine/kernel/proc.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static struct epoll_watches read_own(int fd, struct arena *arena)
{
	scoped_free char *text = NULL;
	struct epoll_watches list;
	struct err err = {};
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	check(!proc_text(getpid(), 0, name, &text, &err));
	check(!fdinfo_epoll_parse(text, arena, &list, &err));
	return list;
}

static const struct epoll_watch *get(const struct epoll_watches *list, int tfd)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->watch[i].tfd == tfd)
			return &list->watch[i];
	return NULL;
}

static void reads_what_was_added(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLONESHOT};
	int epoll = epoll_create1(0), p[2];
	struct stat st;

	check(!read_own(epoll, arena).n && !pipe(p) && !fstat(p[1], &st));
	event.data.u64 = UINT64_MAX;
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, p[0], &event));
	event.data.u64 = 5;
	event.events = EPOLLOUT;
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, p[1], &event));
	struct epoll_watches list = read_own(epoll, arena);
	check(list.n == 2 && get(&list, p[0]) && get(&list, p[1]));
	check(get(&list, p[0])->data == UINT64_MAX && get(&list, p[1])->data == 5);
	check(get(&list, p[0])->events ==
	      (EPOLLIN | EPOLLET | EPOLLONESHOT | EPOLLERR | EPOLLHUP));
	check(get(&list, p[1])->ino == st.st_ino && get(&list, p[1])->dev == st.st_dev);
}

static void counts_watches_of_the_same_number(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0), p[2], keep[3], fd = 50;

	for (int i = 0; i < 3; i++) {
		check(!pipe(p) && dup2(p[0], fd) == fd);
		keep[i] = p[0];
		check(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
		check(!epoll_ctl(epoll, EPOLL_CTL_ADD, keep[i], &event));
	}
	struct epoll_watches list = read_own(epoll, arena);
	uint32_t next = 0;
	check(list.n == 6);
	for (size_t i = 0; i < list.n; i++)
		check(list.watch[i].toff == (list.watch[i].tfd == fd ? next++ : 0));
	check(next == 3);
}

static void refuses_a_line_that_is_cut(void)
{
	static const char line[] = "pos:\t0\ntfd:        5 events: 80000019 data: a  pos:-1 "
				   "ino:1dde6 sdev:fe00001";
	scoped(arena_free) struct arena *arena = arena_new();
	struct epoll_watches list;
	struct err err = {};

	check(!fdinfo_epoll_parse(line, arena, &list, &err) && list.watch->pos == -1);
	for (size_t i = strlen("pos:\t0\ntfd:"); i < strlen(line) - 6; i++) {
		char cut[sizeof(line)];

		memcpy(cut, line, i);
		cut[i] = '\0';
		check(fdinfo_epoll_parse(cut, arena, &list, &err) == -EPROTO);
	}
}

RUN(TEST(reads_what_was_added), TEST(counts_watches_of_the_same_number),
    TEST(refuses_a_line_that_is_cut))
