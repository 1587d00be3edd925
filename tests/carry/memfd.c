/* memfd.c - memfd_create(2): written, mapped, sealed, shared with a child */
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

enum { SIZE = 1 << 20 };

static int fd;
static char *shared;

static void a_child_that_writes_to_the_mapping(void)
{
	other_carried();
	check(shared[SIZE - 1] == 'z');
	shared[0] = 'B';
}

static void stays_one_memory_with_its_mappings(void)
{
	char got = 0;

	fd = memfd_create("box", MFD_CLOEXEC);
	check(ftruncate(fd, SIZE) == 0);
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *own = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	check(shared != MAP_FAILED && own != MAP_FAILED);
	shared[0] = 'A';
	shared[SIZE - 1] = 'z';
	own[8192] = 'p';
	struct other child = other_start(a_child_that_writes_to_the_mapping);
	carried();
	other_ends_well(&child);
	check(shared[0] == 'B' && own[0] == 'B' && own[8192] == 'p' && shared[8192] == 0);
	check(pread(fd, &got, 1, 0) == 1 && got == 'B');
	check(pwrite(fd, "C", 1, 4096) == 1 && shared[4096] == 'C');
}

static void keeps_a_mapping_whose_descriptor_was_closed(void)
{
	fd = memfd_create("closed", 0);
	check(ftruncate(fd, SIZE) == 0);
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	shared[5000] = 'q';
	carried();
	check(shared[5000] == 'q' && shared[0] == 0);
}

static void keeps_seals(void)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	fd = memfd_create("sealed", MFD_ALLOW_SEALING);
	check(write(fd, "fixed", 5) == 5 && fcntl(fd, F_ADD_SEALS, seals) == 0);
	shared = mmap(NULL, 5, PROT_READ, MAP_SHARED, fd, 0);
	check(shared != MAP_FAILED);
	carried();
	check(fcntl(fd, F_GET_SEALS) == seals);
	check(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM);
	check(!memcmp(shared, "fixed", 5));
}

RUN(TEST(stays_one_memory_with_its_mappings), TEST(keeps_a_mapping_whose_descriptor_was_closed),
    TEST(keeps_seals))
