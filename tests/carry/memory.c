/* memory.c - address spaces: contents, holes, protections, marks, and room to grow */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

enum { PAGE = 4096, MIB = 1 << 20 };

static void *map(size_t size, int prot, int flags)
{
	void *p = mmap(NULL, size, prot, flags | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	return p;
}

static char *private(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static uint64_t word_at(size_t i, uint64_t seed)
{
	return (i + seed) * 0x9e3779b97f4a7c15;
}

static void fill(void *at, size_t size, uint64_t seed)
{
	uint64_t *word = at;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = word_at(i, seed);
}

static bool filled(const void *at, size_t size, uint64_t seed)
{
	const uint64_t *word = at;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		if (word[i] != word_at(i, seed))
			return false;
	return true;
}

static bool is_zero(const char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

/* --- does an access fault? */

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static bool faults(volatile char *at, bool write)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (sigsetjmp(back, 1))
		return true;
	if (write)
		*at = 1;
	else
		(void)*at;
	return false;
}

/* has_flag() - among VmFlags of the region that starts here, in /proc/self/smaps */
static bool has_flag(const void *at, const char *flag)
{
	char line[512] = "", start[32], word[8];
	bool here = false;
	FILE *file = fopen("/proc/self/smaps", "re");

	check(file);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)at);
	snprintf(word, sizeof(word), " %s ", flag);
	while (fgets(line, sizeof(line), file) && !(here && !strncmp(line, "VmFlags:", 8)))
		here |= !strncmp(line, start, strlen(start));
	fclose(file);
	check(here);
	return strstr(line, word) != NULL;
}

/* --- contents */

static void keeps_sixty_four_mebibytes(void)
{
	char *p = private(64 * MIB);

	fill(p, 64 * MIB, 1);
	carried();
	check(filled(p, 64 * MIB, 1));
}

static void keeps_pages_between_holes(void)
{
	char *p = private(1000 * PAGE);

	for (size_t i = 0; i < 1000; i += 3)
		fill(p + i * PAGE, PAGE, i);
	carried();
	for (size_t i = 0; i < 1000; i++)
		check(i % 3 ? is_zero(p + i * PAGE, PAGE) : filled(p + i * PAGE, PAGE, i));
}

static void keeps_holes_empty(void)
{
	unsigned char in_core[1000];
	char *p = private(1000 * PAGE);
	int present = 0;

	check(!madvise(p, 1000 * PAGE, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < 1000; i += 100)
		fill(p + i * PAGE, PAGE, i);
	carried();
	check(!mincore(p, 1000 * PAGE, in_core));
	for (int i = 0; i < 1000; i++)
		present += in_core[i] & 1;
	check(present < 100);
}

static void keeps_zeroes_that_were_written(void)
{
	char *p = private(16 * PAGE);

	memset(p, 1, 16 * PAGE);
	memset(p, 0, 16 * PAGE);
	p[5 * PAGE + 1] = 'x';
	carried();
	check(is_zero(p, 5 * PAGE) && p[5 * PAGE + 1] == 'x' && is_zero(p + 6 * PAGE, PAGE));
}

static void keeps_huge_pages(void)
{
	char *p = private(8 * MIB);

	p = (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(uintptr_t)(2 * MIB - 1));
	madvise(p, 4 * MIB, MADV_HUGEPAGE);
	fill(p, 4 * MIB, 5);
	carried();
	check(filled(p, 4 * MIB, 5));
}

/* --- protections */

static void keeps_data_behind_closed_pages(void)
{
	char *p = private(4 * PAGE);

	fill(p, 4 * PAGE, 7);
	check(!mprotect(p, 4 * PAGE, PROT_NONE));
	carried();
	check(faults(p, false) && faults(p + 3 * PAGE, false));
	check(!mprotect(p, 4 * PAGE, PROT_READ) && filled(p, 4 * PAGE, 7));
}

static void keeps_pages_that_may_only_be_read(void)
{
	char *p = private(4 * PAGE);

	fill(p, 4 * PAGE, 8);
	check(!mprotect(p, 4 * PAGE, PROT_READ));
	carried();
	check(filled(p, 4 * PAGE, 8) && faults(p, true));
}

static void keeps_a_region_split_by_protections(void)
{
	char *p = private(9 * PAGE);

	fill(p, 9 * PAGE, 9);
	check(!mprotect(p + 3 * PAGE, 3 * PAGE, PROT_NONE));
	check(!mprotect(p + 7 * PAGE, PAGE, PROT_READ));
	carried();
	check(!faults(p + 2 * PAGE, true) && faults(p + 3 * PAGE, false));
	check(faults(p + 7 * PAGE, true) && !faults(p + 8 * PAGE, true));
	check(!mprotect(p, 9 * PAGE, PROT_READ | PROT_WRITE));
	check(filled(p + 3 * PAGE, PAGE, 9 + 3 * PAGE / 8));
}

static void keeps_reserved_room(void)
{
	char *p = map(1UL << 36, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);

	check(!mprotect(p + (1UL << 35), PAGE, PROT_READ | PROT_WRITE));
	fill(p + (1UL << 35), PAGE, 10);
	carried();
	check(filled(p + (1UL << 35), PAGE, 10) && faults(p, false));
	munmap(p, 1UL << 36);
}

typedef int function(int);

static void runs_code_that_was_written(void)
{
	static const unsigned char code[] = {0x8d, 0x47, 0x2a,
					     0xc3}; /* lea 42(%rdi), %eax; ret */
	void *p = private(PAGE);

	memcpy(p, code, sizeof(code));
	check(!mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	carried();
	check(((function *)p)(8) == 50);
}

/* --- files */

static int file_of(const char *name, size_t size, uint64_t seed)
{
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
	char *buf = malloc(size);

	check(fd >= 0 && buf);
	fill(buf, size, seed);
	check(write(fd, buf, size) == (ssize_t)size);
	free(buf);
	return fd;
}

static void keeps_changed_pages_of_a_file(void)
{
	int fd = file_of("file", 8 * PAGE, 20);
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	check(p != MAP_FAILED);
	close(fd);
	fill(p + 3 * PAGE, PAGE, 21);
	carried();
	check(filled(p, 3 * PAGE, 20) && filled(p + 3 * PAGE, PAGE, 21));
	check(filled(p + 4 * PAGE, 4 * PAGE, 20 + 4 * PAGE / 8));
}

static void sees_a_file_that_changes_where_it_was_not_written(void)
{
	int fd = file_of("file", 4 * PAGE, 22);
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	check(p != MAP_FAILED);
	p[0] = 1;
	check(p[2 * PAGE] == (char)word_at(2 * PAGE / 8, 22));
	carried();
	int again = open("file", O_RDWR);
	check(pwrite(again, "!", 1, 2 * PAGE) == 1 && pwrite(again, "!", 1, 0) == 1);
	check(p[2 * PAGE] == '!' && p[0] == 1);
}

static void keeps_an_offset_in_a_file(void)
{
	int fd = file_of("file", 8 * PAGE, 23);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 5 * PAGE);

	check(p != MAP_FAILED);
	carried();
	check(filled(p, 2 * PAGE, 23 + 5 * PAGE / 8) && faults(p, true));
}

static void keeps_a_mapping_beyond_the_end_of_its_file(void)
{
	int fd = file_of("file", PAGE, 24);
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	check(p != MAP_FAILED);
	carried();
	check(filled(p, PAGE, 24) && faults(p + 2 * PAGE, false));
	check(!ftruncate(fd, 4 * PAGE) && !faults(p + 2 * PAGE, false));
}

static void keeps_a_mapping_of_a_deleted_file(void)
{
	int fd = file_of("file", 4 * PAGE, 25);
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	check(p != MAP_FAILED && !unlink("file"));
	close(fd);
	fill(p, PAGE, 26);
	carried();
	check(filled(p, PAGE, 26) && filled(p + PAGE, 3 * PAGE, 25 + PAGE / 8));
	check(access("file", F_OK) < 0);
}

/* --- what was said about regions */

static void keeps_advice(void)
{
	static const struct {
		int advice;
		const char *flag;
	} said[] = {
		{MADV_SEQUENTIAL, "sr"}, {MADV_RANDOM, "rr"},     {MADV_DONTFORK, "dc"},
		{MADV_DONTDUMP, "dd"},   {MADV_WIPEONFORK, "wf"}, {MADV_NOHUGEPAGE, "nh"},
		{MADV_HUGEPAGE, "hg"},
	};
	enum { N = sizeof(said) / sizeof(said[0]) };
	char *p[N];

	for (int i = 0; i < N; i++) {
		p[i] = private(2 * PAGE);
		map(PAGE, PROT_NONE, MAP_PRIVATE); /* keeps neighbours apart */
		fill(p[i], PAGE, 30);
		check(!madvise(p[i], 2 * PAGE, said[i].advice));
	}
	carried();
	for (int i = 0; i < N; i++)
		check(has_flag(p[i], said[i].flag) && filled(p[i], PAGE, 30));
	pid_t child = fork();
	if (!child)
		_exit(!faults(p[2], false) || !is_zero(p[4], PAGE));
	int status;
	check(waitpid(child, &status, 0) == child && status == 0);
}

static void keeps_locked_memory(void)
{
	char *p = private(4 * PAGE), *q = private(4 * PAGE);
	unsigned char in_core[4];

	check(!mlock(p, 2 * PAGE));
	check(!mlock2(q, 4 * PAGE, MLOCK_ONFAULT));
	p[0] = 'l';
	carried();
	check(has_flag(p, "lo") && !has_flag(p + 2 * PAGE, "lo") && has_flag(q, "lo"));
	check(p[0] == 'l');
	check(!mincore(p, 4 * PAGE, in_core) && in_core[1] & 1);
	check(!mincore(q, 4 * PAGE, in_core) && !(in_core[3] & 1));
}

static void keeps_names_of_regions(void)
{
	char *p = private(2 * PAGE), line[512], want[64];

	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 2 * PAGE, "heap of mine") < 0)
		skip("this kernel keeps no names (CONFIG_ANON_VMA_NAME)");
	carried();
	snprintf(want, sizeof(want), "%lx-", (unsigned long)(uintptr_t)p);
	const char *found = line_of("/proc/self/maps", want, line, sizeof(line));
	check(found && strstr(found, "[anon:heap of mine]"));
}

/* --- room to grow */

static void grows_its_heap_afterwards(void)
{
	char *before = sbrk(3 * PAGE);

	check(before != (void *)-1);
	fill(before, 3 * PAGE, 40);
	carried();
	check(sbrk(0) == before + 3 * PAGE && filled(before, 3 * PAGE, 40));
	char *more = sbrk(64 * PAGE);
	check(more == before + 3 * PAGE && is_zero(more, 64 * PAGE));
	fill(more, 64 * PAGE, 41);
	check(!brk(before) && faults(before + 2 * PAGE, false));
}

/* A page of stack for each round. */
static int deeper(volatile int n)
{
	volatile char page[PAGE];

	page[0] = (char)n;
	page[PAGE - 1] = (char)n;
	return n ? deeper(n - 1) + page[0] - (char)n + 1 : 0;
}

static void grows_its_stack_afterwards(void)
{
	carried();
	check(deeper(1000) == 1000);
}

static void keeps_a_region_that_grows_down(void)
{
	char *p = map(64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	check(!munmap(p, 64 * PAGE));
	char *low = mmap(p + 60 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	check(low == p + 60 * PAGE);
	fill(low, 4 * PAGE, 42);
	low[-PAGE] = 1;
	carried();
	check(has_flag(low - PAGE, "gd") && filled(low, 4 * PAGE, 42) && low[-PAGE] == 1);
	low[-2 * PAGE] = 1;
	check(low[-2 * PAGE] == 1);
}

static void maps_new_regions_beside_the_old(void)
{
	char *p = private(16 * PAGE);

	fill(p, 16 * PAGE, 43);
	carried();
	char *q = private(256 * PAGE);
	check(q + 256 * PAGE <= p || q >= p + 16 * PAGE);
	fill(q, 256 * PAGE, 44);
	p = mremap(p, 16 * PAGE, 400 * PAGE, MREMAP_MAYMOVE);
	check(p != MAP_FAILED && filled(p, 16 * PAGE, 43) && is_zero(p + 16 * PAGE, PAGE));
}

static void keeps_two_thousand_regions(void)
{
	enum { N = 2000 };
	static char *p[N];

	for (int i = 0; i < N; i++) {
		p[i] = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		fill(p[i], PAGE, (uint64_t)i);
		check(!mprotect(p[i] + PAGE, PAGE, i % 2 ? PROT_NONE : PROT_READ));
	}
	carried();
	for (int i = 0; i < N; i++) {
		check(filled(p[i], PAGE, (uint64_t)i));
		check(faults(p[i] + PAGE, true));
	}
}

/* An address that the kernel would never choose by itself, and one that it may. */
static void keeps_regions_at_odd_places(void)
{
	static char *const at[] = {(char *)0x10000, (char *)0x70000000, (char *)0x500000000,
				   (char *)0x7ffff0000000};

	for (int i = 0; i < 4; i++) {
		char *p = mmap(at[i], PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		check(p == at[i]);
		fill(p, PAGE, (uint64_t)i);
	}
	carried();
	for (int i = 0; i < 4; i++)
		check(filled(at[i], PAGE, (uint64_t)i));
}

static void a_child_with_its_own_copy(void)
{
	char *p = private(2 * MIB);

	fill(p, 2 * MIB, 50);
	pid_t child = fork();
	if (!child) {
		fill(p, PAGE, 51);
		carried();
		_exit(!filled(p, PAGE, 51) || !filled(p + PAGE, 2 * MIB - PAGE, 50 + PAGE / 8));
	}
	int status;
	check(waitpid(child, &status, 0) == child && status == 0);
	check(filled(p, 2 * MIB, 50));
}

RUN(TEST(keeps_sixty_four_mebibytes), TEST(keeps_pages_between_holes), TEST(keeps_holes_empty),
    TEST(keeps_zeroes_that_were_written), TEST(keeps_huge_pages),
    TEST(keeps_data_behind_closed_pages), TEST(keeps_pages_that_may_only_be_read),
    TEST(keeps_a_region_split_by_protections), TEST(keeps_reserved_room),
    TEST(runs_code_that_was_written), TEST(keeps_changed_pages_of_a_file),
    TEST(sees_a_file_that_changes_where_it_was_not_written), TEST(keeps_an_offset_in_a_file),
    TEST(keeps_a_mapping_beyond_the_end_of_its_file), TEST(keeps_a_mapping_of_a_deleted_file),
    TEST(keeps_advice), TEST(keeps_locked_memory), TEST(keeps_names_of_regions),
    TEST(grows_its_heap_afterwards), TEST(grows_its_stack_afterwards),
    TEST(keeps_a_region_that_grows_down), TEST(maps_new_regions_beside_the_old),
    TEST(keeps_two_thousand_regions), TEST(keeps_regions_at_odd_places),
    TEST(a_child_with_its_own_copy))
