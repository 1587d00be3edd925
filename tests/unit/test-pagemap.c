/* test-pagemap.c - the pages that must be saved, by the scan and by the table alike */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "engine/kernel/pagemap.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

enum { PAGE = 4096, HUGE = 2 << 20 };
#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL, Linux 6.13 */

static unsigned int find(pid_t pid, const void *p, size_t len, enum pagemap_region region,
			 enum pagemap_method method, struct arena *arena,
			 struct pagemap_pages *ret)
{
	scoped(pagemap_close) struct pagemap map = {.fd = -1};
	struct run range = {(uintptr_t)p, (uintptr_t)p + len};
	struct err err = {};

	check(!pagemap_open(pid, method, &map, &err));
	if (method == PAGEMAP_BEST && !map.scan)
		skip("the kernel has no PAGEMAP_SCAN (Linux 6.7)");
	*ret = (struct pagemap_pages){};
	check(!pagemap_find(&map, &range, region, arena, ret, &err));
	return map.calls;
}

static void same(const struct runs *a, const struct runs *b)
{
	check(a->n == b->n);
	check(!a->n || !memcmp(a->run, b->run, a->n * sizeof(*a->run)));
}

/* Both ways must agree; the result of one is returned. */
static struct pagemap_pages find_both(const void *p, size_t len, enum pagemap_region region,
				      struct arena *arena)
{
	struct pagemap_pages scan, table;

	find(getpid(), p, len, region, PAGEMAP_TABLE, arena, &table);
	find(getpid(), p, len, region, PAGEMAP_BEST, arena, &scan);
	same(&scan.data, &table.data);
	same(&scan.guard, &table.guard);
	return scan;
}

static bool is_run(const struct runs *runs, size_t i, const char *p, size_t from, size_t to)
{
	return i < runs->n && runs->run[i].start == (uintptr_t)p + from * PAGE &&
	       runs->run[i].end == (uintptr_t)p + to * PAGE;
}

static char *anonymous(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check(p != MAP_FAILED);
	return p;
}

static void finds_written_pages_between_holes(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char *p = anonymous(64 * PAGE);

	check(!madvise(p, 64 * PAGE, MADV_NOHUGEPAGE));
	memset(p, 1, PAGE);
	memset(p + 7 * PAGE, 1, 3 * PAGE);
	memset(p + 63 * PAGE, 1, PAGE);
	struct pagemap_pages pages = find_both(p, 64 * PAGE, PAGEMAP_ANONYMOUS, arena);
	check(pages.data.n == 3 && !pages.guard.n && runs_bytes(&pages.data) == 5 * PAGE);
	check(is_run(&pages.data, 0, p, 0, 1) && is_run(&pages.data, 1, p, 7, 10));
	check(is_run(&pages.data, 2, p, 63, 64));
}

static void leaves_out_pages_that_were_only_read(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	volatile char *p = anonymous(8 * PAGE);
	int sum = 0;

	check(!madvise((void *)p, 8 * PAGE, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < 8; i++)
		sum |= p[i * PAGE];
	p[4 * PAGE] = 1;
	check(!sum);
	struct pagemap_pages pages = find_both((char *)p, 8 * PAGE, PAGEMAP_ANONYMOUS, arena);
	check(pages.data.n == 1 && is_run(&pages.data, 0, (char *)p, 4, 5));
}

static void finds_only_written_pages_of_a_private_file(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char name[] = "/tmp/ckrun-pagemap.XXXXXX", block[16 * PAGE];
	scoped_fd int fd = mkstemp(name);

	memset(block, 7, sizeof(block));
	check(fd >= 0 && !unlink(name) && write(fd, block, sizeof(block)) == sizeof(block));
	volatile char *p =
		mmap(NULL, sizeof(block), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (size_t i = 0; i < 16; i++)
		check(p[i * PAGE] == 7);
	p[3 * PAGE] = 1;
	p[9 * PAGE] = 1;
	p[10 * PAGE] = 1;
	struct pagemap_pages pages = find_both((char *)p, sizeof(block), PAGEMAP_FILE, arena);
	check(pages.data.n == 2 && is_run(&pages.data, 0, (char *)p, 3, 4));
	check(is_run(&pages.data, 1, (char *)p, 9, 11));
}

static void finds_huge_pages(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char *p = anonymous(5L * HUGE);

	p += HUGE - (uintptr_t)p % HUGE;
	check(!madvise(p, 4L * HUGE, MADV_HUGEPAGE));
	p[HUGE] = 1;
	memset(p + 3L * HUGE, 1, PAGE);
	struct pagemap_pages pages = find_both(p, 4L * HUGE, PAGEMAP_ANONYMOUS, arena);
	if (runs_bytes(&pages.data) == 2 * PAGE)
		skip("the kernel gave no huge page");
	check(pages.data.n == 2 && runs_bytes(&pages.data) == 2L * HUGE);
	check(is_run(&pages.data, 0, p, 512, 1024) && is_run(&pages.data, 1, p, 1536, 2048));
}

static void lists_guard_pages_apart(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char *p = anonymous(16 * PAGE);

	check(!madvise(p, 16 * PAGE, MADV_NOHUGEPAGE));
	memset(p, 1, 16 * PAGE);
	if (madvise(p + 4 * PAGE, 2 * PAGE, GUARD_INSTALL))
		skip("the kernel has no guard pages (Linux 6.13)");
	struct pagemap_pages pages = find_both(p, 16 * PAGE, PAGEMAP_ANONYMOUS, arena);
	if (!pages.guard.n)
		skip("the kernel does not tell guard pages (Linux 6.15)");
	check(pages.guard.n == 1 && is_run(&pages.guard, 0, p, 4, 6));
	check(pages.data.n == 2 && is_run(&pages.data, 0, p, 0, 4));
	check(is_run(&pages.data, 1, p, 6, 16));
}

static void finds_more_runs_than_one_call_returns(void)
{
	enum { N = 5000 };
	scoped(arena_free) struct arena *arena = arena_new();
	char *p = anonymous(2L * N * PAGE);

	check(!madvise(p, 2L * N * PAGE, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < N; i++)
		p[2 * i * PAGE] = 1;
	struct pagemap_pages pages = find_both(p, 2L * N * PAGE, PAGEMAP_ANONYMOUS, arena);
	check(pages.data.n == N);
	for (size_t i = 0; i < N; i++)
		check(is_run(&pages.data, i, p, 2 * i, 2 * i + 1));
}

static void reads_the_memory_of_another_process(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct pagemap_pages pages;
	char *p = anonymous(8 * PAGE), c = 0;
	int to[2], from[2];

	check(!madvise(p, 8 * PAGE, MADV_NOHUGEPAGE));
	p[5 * PAGE] = 1;
	check(!pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC));
	pid_t pid = fork();
	if (!pid) {
		p[2 * PAGE] = 1;
		check(write(from[1], &c, 1) == 1 && close(to[1]) == 0);
		_exit(read(to[0], &c, 1) != 0);
	}
	check(read(from[0], &c, 1) == 1);
	find(pid, p, 8 * PAGE, PAGEMAP_ANONYMOUS, PAGEMAP_BEST, arena, &pages);
	close(to[1]);
	check(waitpid(pid, NULL, 0) == pid);
	check(pages.data.n == 2 && is_run(&pages.data, 0, p, 2, 3));
	check(is_run(&pages.data, 1, p, 5, 6));
}

static void walks_a_tebibyte_of_nothing_at_once(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	const size_t tib = 1UL << 40;
	struct pagemap_pages pages;
	struct timespec a, b;
	char *p = mmap(NULL, tib, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		skip("no address space of one TiB");
	check(!madvise(p, tib, MADV_NOHUGEPAGE));
	p[tib / 2] = 1;
	clock_gettime(CLOCK_MONOTONIC, &a);
	unsigned int calls =
		find(getpid(), p, tib, PAGEMAP_ANONYMOUS, PAGEMAP_BEST, arena, &pages);
	clock_gettime(CLOCK_MONOTONIC, &b);
	check(calls == 1 && pages.data.n == 1 && runs_bytes(&pages.data) == PAGE);
	check(b.tv_sec - a.tv_sec <= 1);
}

RUN(TEST(finds_written_pages_between_holes), TEST(leaves_out_pages_that_were_only_read),
    TEST(finds_only_written_pages_of_a_private_file), TEST(finds_huge_pages),
    TEST(lists_guard_pages_apart), TEST(finds_more_runs_than_one_call_returns),
    TEST(reads_the_memory_of_another_process), TEST(walks_a_tebibyte_of_nothing_at_once))
