/* test-kcmp.c - equal objects get equal ids, with few questions */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "engine/kernel/fdlist.h"
#include "engine/kernel/kcmp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static uint32_t add(struct kcmp_set *set, pid_t tid, int fd, uint64_t hash, int want)
{
	struct err err = {};
	uint32_t id = 0;
	int r = kcmp_set_add(set, (struct kcmp_who){tid, fd}, hash, &id, &err);

	check(r == want);
	return id;
}

static pid_t clone_child(unsigned long flags)
{
	/* without CLONE_VM nothing but the named things is shared */
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
}

static void knows_duplicates_in_any_process(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct kcmp_set set = {.kind = KIND_FILE, .arena = arena};
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY), c = dup(a);
	pid_t pid = clone_child(0), me = getpid();

	check(add(&set, me, a, 0, 1) == 0 && add(&set, me, b, 0, 1) == 1);
	check(add(&set, me, c, 0, 0) == 0);
	check(add(&set, pid, a, 0, 0) == 0 && add(&set, pid, b, 0, 0) == 1);
	check(add(&set, pid, c, 0, 0) == 0 && set.n == 2);
	end(pid);
}

static void asks_few_questions_about_many_files(void)
{
	enum { N = 512 };
	scoped(arena_free) struct arena *arena = arena_new();
	struct kcmp_set set = {.kind = KIND_FILE, .arena = arena};
	int fd[N];

	for (int i = 0; i < N; i++) {
		fd[i] = open("/dev/null", O_RDONLY);
		check(fd[i] >= 0 && add(&set, getpid(), fd[i], 0, 1) == (uint32_t)i);
	}
	check(set.calls < N * 11); /* log2(512) = 9; a list would take N * N / 2 */
	set.calls = 0;
	for (int i = 0; i < N; i++)
		check(add(&set, getpid(), fd[i], 0, 0) == (uint32_t)i);
	check(set.calls < N * 11 && set.n == N);
}

static void asks_nothing_if_all_hashes_differ(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct kcmp_set set = {.kind = KIND_FILE, .arena = arena};
	int fd = open("/dev/null", O_RDONLY);

	for (uint32_t i = 0; i < 1000; i++)
		check(add(&set, getpid(), fd, i * 7919 % 1000, 1) == i);
	check(set.calls == 0);
	check(add(&set, getpid(), fd, 7919 % 1000, 0) == 1 && set.calls == 1);
}

static void tells_what_two_tasks_share(void)
{
	static const struct {
		enum kcmp_kind kind;
		unsigned long flag;
	} row[] = {
		{KIND_FILES, CLONE_FILES},
		{KIND_FS, CLONE_FS},
		{KIND_SYSVSEM, CLONE_SYSVSEM},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		scoped(arena_free) struct arena *arena = arena_new();
		struct kcmp_set set = {.kind = row[i].kind, .arena = arena};
		pid_t alone = clone_child(0), shared = clone_child(row[i].flag);

		add(&set, getpid(), 0, 0, 1);
		check(add(&set, shared, 0, 0, 0) == 0);
		add(&set, alone, 0, 0, 1); /* which has no undo list: CLONE_SYSVSEM makes one */
		end(alone);
		end(shared);
	}
}

static void tells_memory_apart(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct kcmp_set set = {.kind = KIND_VM, .arena = arena};
	pid_t pid = clone_child(0);

	check(add(&set, getpid(), 0, 0, 1) == 0 && add(&set, pid, 0, 0, 1) == 1);
	check(add(&set, getpid(), 0, 0, 0) == 0);
	end(pid);
}

static void gives_duplicates_the_same_hash(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	int a = open("/proc/self/exe", O_RDONLY), b = fcntl(a, F_DUPFD_CLOEXEC, 0);
	int c = open("/proc/self/exe", O_RDONLY);
	uint64_t hash[3] = {};
	struct fdlist list;
	struct err err = {};
	struct stat st;

	check(lseek(a, 5, SEEK_SET) == 5 && !fstat(a, &st));
	check(!fdlist_read(getpid(), 0, arena, &list, &err));
	for (size_t i = 0; i < list.n; i++) {
		const struct fdlist_entry *e = &list.entry[i];

		if (e->fd == a || e->fd == b || e->fd == c)
			hash[e->fd == b   ? 1
			     : e->fd == c ? 2
					  : 0] = kcmp_file_hash(e, st.st_dev);
	}
	check(hash[0] && hash[0] == hash[1] && hash[2] && hash[2] != hash[0]);
}

static void knows_the_file_that_an_epoll_watches(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0), a[2], b[2], moved;
	struct err err = {};

	check(!pipe(a) && !pipe(b) && !epoll_ctl(epoll, EPOLL_CTL_ADD, a[0], &event));
	moved = dup(a[0]);
	check(dup2(b[0], a[0]) == a[0]); /* the number now means another file */
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, a[0], &event));
	struct kcmp_watch watch = {getpid(), epoll, (uint32_t)a[0], 0};
	struct kcmp_who first = {getpid(), moved}, second = {getpid(), b[0]};
	int r = kcmp_watches(first, watch, &err);
	check(r >= 0 && kcmp_watches(second, watch, &err) == !r);
	watch.toff = 1;
	check(kcmp_watches(first, watch, &err) == !r && kcmp_watches(second, watch, &err) == r);
	watch.toff = 2;
	check(kcmp_watches(first, watch, &err) == -ENOENT);
}

static void says_which_tasks_cannot_be_compared(void)
{
	struct kcmp_who me = {getpid(), 0}, none = {0x7ffffffe, 0}, closed = {getpid(), 4000};
	struct err err = {};
	int order = 7;

	check(kcmp_order(KIND_VM, me, none, &order, &err) == -ESRCH && err.n);
	check(kcmp_order(KIND_FILE, me, closed, &order, &err) == -EBADF && order == 7);
}

RUN(TEST(knows_duplicates_in_any_process), TEST(asks_few_questions_about_many_files),
    TEST(asks_nothing_if_all_hashes_differ), TEST(tells_what_two_tasks_share),
    TEST(tells_memory_apart), TEST(gives_duplicates_the_same_hash),
    TEST(knows_the_file_that_an_epoll_watches), TEST(says_which_tasks_cannot_be_compared))
