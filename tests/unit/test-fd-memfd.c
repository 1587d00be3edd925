/* test-fd-memfd.c - memory with a descriptor: contents, seals, who shares it */
#include <sys/mman.h>

#include "engine/fd/memfd.h"
#include "tests/unit/fds.h"

static void keeps_contents_holes_and_offset(void)
{
	struct world w;
	struct stat st;
	char got[8] = "", link[64];
	int before = memfd_create("box", MFD_CLOEXEC);

	check(write(before, "start", 5) == 5);
	check(pwrite(before, "far", 3, 3 << 20) == 3);
	int after = carry(&w, before, "memfd");
	check(fstat(after, &st) == 0 && st.st_size == (3 << 20) + 3 && st.st_blocks < 64);
	check(lseek(after, 0, SEEK_CUR) == 5);
	check(pread(after, got, 5, 0) == 5 && !strcmp(got, "start"));
	check(pread(after, got, 3, 3 << 20) == 3 && !memcmp(got, "far", 3));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", after);
	char text[64] = "";
	check(readlink(link, text, sizeof(text) - 1) > 0);
	check(!strcmp(text, "/memfd:box (deleted)"));
	check(fcntl(after, F_GET_SEALS) == F_SEAL_SEAL);
}

static void is_one_memory_for_all_who_have_it(void)
{
	struct world w;
	char self[64], got = 0;
	struct open_file *map;
	int fd, rw = memfd_create("shared", MFD_ALLOW_SEALING);

	check(write(rw, "abc", 3) == 3);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", rw);
	int ro = open(self, O_RDONLY);
	world_start(&w);
	struct open_file *a = world_see(&w, rw), *b = world_see(&w, ro);
	world_ok(&w, memfd_describe(&w.dump, rw, a->link, O_RDWR, &map, &w.err));
	world_dump(&w);
	world_load(&w);
	const FileEntry *entry = model_file(&w.made, map->id)->entry;
	world_ok(&w, memfd_open(&w.make, entry, O_RDWR, &fd, &w.err));
	world_make(&w);
	check(pwrite(world_fd(&w, a->id), "X", 1, 1) == 1);
	check(pread(world_fd(&w, b->id), &got, 1, 1) == 1 && got == 'X');
	check(pread(fd, &got, 1, 1) == 1 && got == 'X');
	check((fcntl(world_fd(&w, b->id), F_GETFL) & O_ACCMODE) == O_RDONLY);
}

static void keeps_seals(void)
{
	struct world w;
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int before = memfd_create("sealed", MFD_ALLOW_SEALING);

	check(write(before, "fixed", 5) == 5 && fcntl(before, F_ADD_SEALS, seals) == 0);
	int after = carry(&w, before, "memfd");
	check(fcntl(after, F_GET_SEALS) == seals);
	check(pwrite(after, "x", 1, 0) < 0 && errno == EPERM);
	check(fcntl(after, F_ADD_SEALS, F_SEAL_SEAL) == 0);
}

RUN(TEST(keeps_contents_holes_and_offset), TEST(is_one_memory_for_all_who_have_it),
    TEST(keeps_seals))
