/* test-seekdata.c - what a shared memory object holds, whoever touched it */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/kernel/seekdata.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

enum { PAGE = 4096 };

static struct runs find(int fd, uint64_t start, uint64_t end, struct arena *arena)
{
	struct runs runs = {};
	struct err err = {};

	check(!seekdata_find(fd, &(struct run){start, end}, arena, &runs, &err));
	return runs;
}

static bool is_run(const struct runs *runs, size_t i, uint64_t from, uint64_t to)
{
	return i < runs->n && runs->run[i].start == from * PAGE &&
	       runs->run[i].end == to * PAGE;
}

static void finds_pages_between_holes(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_fd int fd = memfd_create("data", MFD_CLOEXEC);

	check(!ftruncate(fd, 100 * PAGE));
	check(pwrite(fd, "x", 1, 2 * PAGE + 5) == 1 && pwrite(fd, "x", 1, 3 * PAGE) == 1);
	check(pwrite(fd, "x", 1, 50 * PAGE) == 1);
	struct runs all = find(fd, 0, 100 * PAGE, arena);
	check(all.n == 2 && is_run(&all, 0, 2, 4) && is_run(&all, 1, 50, 51));
}

static void finds_pages_that_only_another_process_touched(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_fd int fd = memfd_create("data", MFD_CLOEXEC);

	check(!ftruncate(fd, 10 * PAGE));
	char *p = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = fork();
	if (!pid) {
		p[7 * PAGE] = 1;
		_exit(0);
	}
	check(waitpid(pid, NULL, 0) == pid);
	struct runs all = find(fd, 0, 10 * PAGE, arena);
	check(all.n == 1 && is_run(&all, 0, 7, 8));
}

static void keeps_to_the_range(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_fd int fd = memfd_create("data", MFD_CLOEXEC);
	static const char block[8 * PAGE] = {1};

	check(pwrite(fd, block, sizeof(block), 4 * PAGE) == sizeof(block));
	struct runs inner = find(fd, 6 * PAGE, 9 * PAGE, arena);
	check(inner.n == 1 && is_run(&inner, 0, 6, 9));
	struct runs start = find(fd, 0, 5 * PAGE, arena);
	check(start.n == 1 && is_run(&start, 0, 4, 5));
	check(!find(fd, 0, 4 * PAGE, arena).n);
}

static void finds_nothing_beyond_the_end(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_fd int fd = memfd_create("data", MFD_CLOEXEC);

	check(write(fd, "abc", 3) == 3);
	struct runs all = find(fd, 0, 100 * PAGE, arena);
	check(all.n == 1 && is_run(&all, 0, 0, 1));
	check(!find(fd, 10 * PAGE, 100 * PAGE, arena).n);
}

static void fails_on_what_has_no_data(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct runs runs = {};
	struct err err = {};
	int p[2];

	check(!pipe(p));
	check(seekdata_find(p[0], &(struct run){0, PAGE}, arena, &runs, &err) == -ESPIPE);
}

RUN(TEST(finds_pages_between_holes), TEST(finds_pages_that_only_another_process_touched),
    TEST(keeps_to_the_range), TEST(finds_nothing_beyond_the_end),
    TEST(fails_on_what_has_no_data))
