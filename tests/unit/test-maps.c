/* test-maps.c - regions as the kernel prints them, whatever their files are called */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "engine/kernel/maps.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

enum { PAGE = 4096 };

static const struct maps_region *at(const struct maps *maps, const void *p)
{
	const struct maps_region *r = maps_find(maps, (uint64_t)(uintptr_t)p);

	check(r);
	return r;
}

static void reads_the_names_that_are_no_files(void)
{
	static const struct {
		const char *text;
		enum maps_kind kind;
		const char *path;
		bool deleted;
	} row[] = {
		{"", MAPS_ANON, "", false},
		{"  [heap]", MAPS_HEAP, "[heap]", false},
		{"[stack]", MAPS_STACK, "[stack]", false},
		{"[vdso]", MAPS_VDSO, "[vdso]", false},
		{"[vvar]", MAPS_VVAR, "[vvar]", false},
		{"[vvar_vclock]", MAPS_VVAR_VCLOCK, "[vvar_vclock]", false},
		{"[vsyscall]", MAPS_VSYSCALL, "[vsyscall]", false},
		{"[anon:a b]", MAPS_ANON_NAMED, "a b", false},
		{"[anon_shmem:x]", MAPS_SHARED_NAMED, "x", false},
		{"/dev/zero (deleted)", MAPS_SHARED, "/dev/zero", true},
		{"/dev/zero", MAPS_FILE, "/dev/zero", false},
		{"/SYSV0000002a (deleted)", MAPS_SYSV, "/SYSV0000002a", true},
		{"/memfd:a b (deleted)", MAPS_MEMFD, "/memfd:a b", true},
		{"anon_inode:[io_uring]", MAPS_ANON_INODE, "anon_inode:[io_uring]", false},
		{"socket:[7]", MAPS_OTHER, "socket:[7]", false},
		{"[uprobes]", MAPS_OTHER, "[uprobes]", false},
		{"/a\\012b \\040 (deleted)", MAPS_FILE, "/a\nb \\040", true},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		scoped(arena_free) struct arena *arena = arena_new();
		struct maps maps;
		struct err err = {};
		char text[128];

		snprintf(text, sizeof(text), "1000-3000 r-xs 00002000 fd:1f 77 %s\n",
			 row[i].text);
		check(!maps_parse(text, arena, &maps, &err) && maps.n == 1);
		const struct maps_region *r = maps.region;
		check(r->kind == row[i].kind && !strcmp(r->path, row[i].path));
		check(r->deleted == row[i].deleted && !r->detailed);
		check(r->start == 0x1000 && r->end == 0x3000 && r->pgoff == 0x2000);
		check(r->prot == (PROT_READ | PROT_EXEC) && r->shared && r->ino == 77);
	}
}

static void reads_flags_and_numbers_of_smaps(void)
{
	static const char text[] =
		"1000-3000 rw-p 00000000 00:00 0 \nSize: 8 kB\nKernelPageSize:        4 kB\n"
		"Rss:                  12 kB\nPss: 1 kB\nPrivate_Dirty:         8 kB\n"
		"Anonymous:            16 kB\nSwap:                 20 kB\nSwapPss: 1 kB\n"
		"Locked:                4 kB\nTHPeligible:           0\nProtectionKey:         "
		"5\n"
		"VmFlags: rd wr mr mw me gd ac dd hg \n"
		"a000-b000 ---p 00000000 00:00 0 \nKernelPageSize:     2048 kB\n"
		"VmFlags: sl ss zz \n";
	scoped(arena_free) struct arena *arena = arena_new();
	struct maps maps;
	struct err err = {};

	check(!maps_parse(text, arena, &maps, &err) && maps.n == 2);
	const struct maps_region *r = maps.region;
	check(r->detailed && r->rss == 12288 && r->private_dirty == 8192 && r->swap == 20480);
	check(r->anonymous == 16384 && r->locked == 4096 && r->page_size == 4096 &&
	      r->pkey == 5);
	check(r->flags == (MAPS_BIT(MAPS_RD) | MAPS_BIT(MAPS_WR) | MAPS_BIT(MAPS_MR) |
			   MAPS_BIT(MAPS_MW) | MAPS_BIT(MAPS_ME) | MAPS_BIT(MAPS_GD) |
			   MAPS_BIT(MAPS_AC) | MAPS_BIT(MAPS_DD) | MAPS_BIT(MAPS_HG)));
	check(r[1].flags == (MAPS_BIT(MAPS_SL) | MAPS_BIT(MAPS_SS) | MAPS_BIT(MAPS_UNKNOWN)));
	check(r[1].page_size == 2 << 20 && !r[1].rss && !r[1].prot);
}

static void sees_what_a_process_asked_of_its_memory(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct maps maps;
	struct err err = {};
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	memset(p + 2 * PAGE, 1, 3 * PAGE);
	check(!madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTDUMP));
	check(!madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTFORK));
	check(!mprotect(p + 6 * PAGE, 2 * PAGE, PROT_NONE));
	check(!smaps_read(getpid(), arena, &maps, &err));
	const struct maps_region *r = at(&maps, p + 3 * PAGE);
	check(r->start == (uintptr_t)p + 2 * PAGE && r->end == r->start + 3 * PAGE);
	check(r->flags & MAPS_BIT(MAPS_DD) && r->flags & MAPS_BIT(MAPS_DC));
	check(r->anonymous == 3 * PAGE && r->private_dirty == 3 * PAGE && r->kind == MAPS_ANON);
	check(at(&maps, p + 7 * PAGE)->prot == PROT_NONE && !at(&maps, p + 7 * PAGE)->rss);
	check(at(&maps, &arena)->kind == MAPS_STACK);
	check(at(&maps, &arena)->flags & MAPS_BIT(MAPS_GD));
	for (size_t i = 0; i < maps.n; i++)
		check(!(maps.region[i].flags & MAPS_BIT(MAPS_UNKNOWN)));
}

static void sees_files_with_awkward_names(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char name[] = "/tmp/ckrun maps\n(deleted).XXXXXX";
	struct maps maps;
	struct err err = {};
	struct stat st;
	scoped_fd int fd = mkstemp(name);

	check(fd >= 0 && !ftruncate(fd, 4 * PAGE) && !fstat(fd, &st));
	void *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	check(!maps_read(getpid(), arena, &maps, &err));
	const struct maps_region *r = at(&maps, p);
	check(r->kind == MAPS_FILE && r->shared && !r->deleted && !strcmp(r->path, name));
	check(r->pgoff == PAGE && r->ino == st.st_ino && r->dev == st.st_dev);
	check(!unlink(name) && !maps_read(getpid(), arena, &maps, &err));
	check(at(&maps, p)->deleted && !strcmp(at(&maps, p)->path, name));
}

static void tells_the_kinds_of_shared_memory_apart(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_fd int fd = memfd_create("mine (deleted)", MFD_CLOEXEC);
	struct maps maps;
	struct err err = {};
	int id = shmget(IPC_PRIVATE, PAGE, 0600);

	check(id >= 0 && !ftruncate(fd, PAGE));
	void *sysv = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	void *zero = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *memfd = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(!maps_read(getpid(), arena, &maps, &err));
	check(at(&maps, sysv)->kind == MAPS_SYSV && at(&maps, sysv)->ino == (uint64_t)id);
	check(at(&maps, zero)->kind == MAPS_SHARED && at(&maps, zero)->ino);
	check(at(&maps, memfd)->kind == MAPS_MEMFD);
	check(!strcmp(at(&maps, memfd)->path, "/memfd:mine (deleted)"));
}

static void opens_the_object_of_a_mapping_that_has_no_name(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct maps maps;
	struct err err = {};
	char got[4] = "", *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(p + PAGE, "here", sizeof("here"));
	check(!maps_read(getpid(), arena, &maps, &err));
	scoped_fd int fd = maps_file_open(getpid(), at(&maps, p), O_RDONLY, &err);
	if (fd == -EPERM)
		skip("no CAP_CHECKPOINT_RESTORE in the first user namespace");
	check(fd >= 0 && pread(fd, got, 4, PAGE) == 4 && !memcmp(got, "here", 4));
}

static void reads_ten_thousand_regions(void)
{
	enum { N = 10000 };
	scoped(arena_free) struct arena *arena = arena_new();
	struct maps maps;
	struct err err = {};
	char *p = mmap(NULL, 2L * N * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < N; i++)
		check(!mprotect(p + 2 * i * PAGE, PAGE, PROT_READ));
	check(!smaps_read(getpid(), arena, &maps, &err) && maps.n > 2L * N);
	for (size_t i = 0; i < N; i++) {
		check(at(&maps, p + 2 * i * PAGE)->prot == PROT_READ);
		check(at(&maps, p + (2 * i + 1) * PAGE)->prot == PROT_NONE);
	}
}

static void finds_no_region_where_none_is(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct maps maps;
	struct err err = {};

	check(!maps_parse("1000-2000 r--p 0 0:0 0\n3000-4000 r--p 0 0:0 0\n", arena, &maps,
			  &err));
	check(!maps_find(&maps, 0xfff) && !maps_find(&maps, 0x2000) &&
	      !maps_find(&maps, 0x4000));
	check(maps_find(&maps, 0x1fff) == maps.region && maps_find(&maps, 0x3000));
	check(!maps_parse("", arena, &maps, &err) && !maps.n && !maps_find(&maps, 1));
}

static void refuses_a_line_that_is_no_region(void)
{
	static const char *const bad[] = {
		"Rss: 4 kB\n",
		"1000 r--p 0 0:0 0",
		"2000-1000 r--p 0 0:0 0",
		"1-2 rwx 0 0:0 0",
		"1-2 rwxp 0 00 0",
		"1-2 rwxp 0 0:0 x",
		"\n",
		"1-2 rwxp 0 0:0 0\nRss: x\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scoped(arena_free) struct arena *arena = arena_new();
		struct maps maps;
		struct err err = {};

		check(maps_parse(bad[i], arena, &maps, &err) == -EPROTO && err.n);
	}
}

RUN(TEST(reads_the_names_that_are_no_files), TEST(reads_flags_and_numbers_of_smaps),
    TEST(sees_what_a_process_asked_of_its_memory), TEST(sees_files_with_awkward_names),
    TEST(tells_the_kinds_of_shared_memory_apart),
    TEST(opens_the_object_of_a_mapping_that_has_no_name), TEST(reads_ten_thousand_regions),
    TEST(finds_no_region_where_none_is), TEST(refuses_a_line_that_is_no_region))
