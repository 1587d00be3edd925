/* shared.c - memory that several tasks see */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

enum { PAGE = 4096, N = 16 };

static char *shared; /* of the test and the process beside it */

static char *map_shared(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	return p;
}

static void fill(char *at, size_t size, char seed)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (char)(i * 7 + i / PAGE + (size_t)seed);
}

static bool filled(const char *at, size_t size, char seed)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != (char)(i * 7 + i / PAGE + (size_t)seed))
			return false;
	return true;
}

static void a_writer(void)
{
	other_carried();
	check(filled(shared, PAGE, 1) && shared[5 * PAGE] == 'p');
	shared[6 * PAGE] = 'c';
}

static void stays_shared_between_parent_and_child(void)
{
	shared = map_shared(N * PAGE);
	fill(shared, PAGE, 1);
	struct other child = other_start(a_writer);
	carried();
	check(filled(shared, PAGE, 1));
	shared[5 * PAGE] = 'p';
	other_ends_well(&child);
	check(shared[6 * PAGE] == 'c');
}

static void a_lone_user(void)
{
	check(!munmap(shared, 4 * PAGE));
	check(!munmap(shared + 10 * PAGE, 6 * PAGE));
	other_carried();
	check(filled(shared + 4 * PAGE, PAGE, 4));
	shared[9 * PAGE] = 'z';
	char *whole = mremap(shared + 4 * PAGE, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	check(whole != MAP_FAILED && filled(whole, PAGE, 4));
}

static void stays_shared_where_each_maps_a_part(void)
{
	shared = map_shared(N * PAGE);
	fill(shared, 4 * PAGE, 2);
	fill(shared + 4 * PAGE, PAGE, 4);
	fill(shared + 12 * PAGE, PAGE, 12);
	struct other child = other_start(a_lone_user);
	check(!munmap(shared + 6 * PAGE, PAGE));
	carried();
	check(filled(shared, 4 * PAGE, 2) && filled(shared + 4 * PAGE, PAGE, 4));
	check(filled(shared + 12 * PAGE, PAGE, 12));
	other_ends_well(&child);
	check(shared[9 * PAGE] == 'z');
}

/* What nobody maps any more is there as long as the object is: a later mremap may show it. */
static void keeps_what_is_behind_a_part(void)
{
	shared = map_shared(N * PAGE);
	fill(shared, N * PAGE, 3);
	check(!munmap(shared + 2 * PAGE, (N - 2) * PAGE));
	carried();
	check(filled(shared, 2 * PAGE, 3));
	char *whole = mremap(shared, 2 * PAGE, N * PAGE, MREMAP_MAYMOVE);
	check(whole != MAP_FAILED && filled(whole, N * PAGE, 3));
}

static void keeps_two_mappings_of_one_object(void)
{
	shared = map_shared(N * PAGE);
	char *again =
		mremap(shared, 0, N * PAGE, MREMAP_MAYMOVE); /* old size 0: a second one */
	check(again != MAP_FAILED && again != shared);
	carried();
	shared[3 * PAGE] = 'a';
	check(again[3 * PAGE] == 'a');
	again[4 * PAGE] = 'b';
	check(shared[4 * PAGE] == 'b');
}

static void keeps_objects_apart(void)
{
	char *one = map_shared(PAGE), *two = map_shared(PAGE);

	one[0] = 1, two[0] = 2;
	carried();
	check(one[0] == 1 && two[0] == 2);
	one[1] = 3;
	check(two[1] == 0);
}

static void keeps_protections(void)
{
	shared = map_shared(4 * PAGE);
	fill(shared, 4 * PAGE, 5);
	check(!mprotect(shared, PAGE, PROT_READ) && !mprotect(shared + PAGE, PAGE, PROT_NONE));
	carried();
	check(filled(shared, PAGE, 5));
	check(!mprotect(shared, 2 * PAGE, PROT_READ | PROT_WRITE) &&
	      filled(shared, 4 * PAGE, 5));
	shared[0] = 1;
}

static void keeps_eight_mebibytes(void)
{
	shared = map_shared(8 << 20);
	fill(shared, 8 << 20, 9);
	carried();
	check(filled(shared, 8 << 20, 9));
}

/* --- a file */

static void a_reader_of_the_file(void)
{
	other_carried();
	check(shared[1] == 'n');
	shared[2] = 'm';
}

static void stays_a_view_of_its_file(void)
{
	char byte = 0;
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	check(fd >= 0 && !ftruncate(fd, 4 * PAGE));
	shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(shared != MAP_FAILED);
	close(fd);
	shared[0] = 'o';
	struct other child = other_start(a_reader_of_the_file);
	carried();
	check(shared[0] == 'o');
	shared[1] = 'n';
	other_ends_well(&child);
	check(shared[2] == 'm');
	fd = open("file", O_RDWR);
	check(pread(fd, &byte, 1, 1) == 1 && byte == 'n');
	check(pwrite(fd, "w", 1, 3 * PAGE) == 1 && shared[3 * PAGE] == 'w');
}

static void keeps_a_view_that_may_only_be_read(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	check(fd >= 0 && pwrite(fd, "x", 1, 0) == 1 && !fchmod(fd, 0400));
	close(fd);
	fd = open("file", O_RDONLY);
	shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(shared != MAP_FAILED);
	close(fd);
	carried();
	check(shared[0] == 'x');
	check(mprotect(shared, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
}

static void keeps_a_view_of_a_deleted_file(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	check(fd >= 0 && !ftruncate(fd, 4 * PAGE));
	shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(shared != MAP_FAILED && !unlink("file"));
	fill(shared, PAGE, 6);
	struct other child = other_start(a_writer);
	fill(shared, PAGE, 1); /* the child checks this seed */
	carried();
	check(filled(shared, PAGE, 1));
	check(pwrite(fd, "q", 1, 2 * PAGE) == 1 && shared[2 * PAGE] == 'q');
	check(!kill(child.pid, SIGKILL));
}

/* --- locks in it */

struct locked {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int state;
};

static void a_waiter(void)
{
	struct locked *l = (void *)shared;

	check(write(other_me.up[1], "", 1) == 1);
	pthread_mutex_lock(&l->mutex);
	while (l->state != 1)
		pthread_cond_wait(&l->changed, &l->mutex);
	l->state = 2;
	pthread_mutex_unlock(&l->mutex);
}

static void wakes_who_waits_in_shared_memory(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;
	int status;

	shared = map_shared(PAGE);
	struct locked *l = (void *)shared;
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&l->mutex, &mutex);
	pthread_cond_init(&l->changed, &cond);
	struct other child = other_start(a_waiter);
	usleep(3000);
	carried();
	pthread_mutex_lock(&l->mutex);
	l->state = 1;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->mutex);
	check(waitpid(child.pid, &status, 0) == child.pid && status == 0 && l->state == 2);
}

RUN(TEST(stays_shared_between_parent_and_child), TEST(stays_shared_where_each_maps_a_part),
    TEST(keeps_what_is_behind_a_part), TEST(keeps_two_mappings_of_one_object),
    TEST(keeps_objects_apart), TEST(keeps_protections), TEST(keeps_eight_mebibytes),
    TEST(stays_a_view_of_its_file), TEST(keeps_a_view_that_may_only_be_read),
    TEST(keeps_a_view_of_a_deleted_file), TEST(wakes_who_waits_in_shared_memory))
