/* lock.c - locks on files: of open files and of processes */
#include <sys/file.h>

#include "tests/carry/carry.h"

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static int put(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR, 0600);

	check(fd >= 0);
	return fd;
}

static void keeps_flock(void)
{
	int alone = put("/tmp/alone"), shared = put("/tmp/shared");

	check(flock(alone, LOCK_EX) == 0 && flock(shared, LOCK_SH) == 0);
	carried();
	int other = put("/tmp/alone");
	check(flock(other, LOCK_SH | LOCK_NB) < 0);
	check(flock(alone, LOCK_UN) == 0 && flock(other, LOCK_SH | LOCK_NB) == 0);
	other = put("/tmp/shared");
	check(flock(other, LOCK_EX | LOCK_NB) < 0 && flock(other, LOCK_SH | LOCK_NB) == 0);
}

static void keeps_a_range_of_an_open_file(void)
{
	struct flock lock = range(F_WRLCK, 10, 5), ask = range(F_WRLCK, 0, 0);
	int fd = put("/tmp/ofd");

	check(fcntl(fd, F_OFD_SETLK, &lock) == 0);
	carried();
	check(fcntl(put("/tmp/ofd"), F_OFD_GETLK, &ask) == 0);
	check(ask.l_type == F_WRLCK && ask.l_start == 10 && ask.l_len == 5 && ask.l_pid == -1);
}

static void a_child_with_a_lock(void)
{
	struct flock lock = range(F_WRLCK, 100, 0);

	check(fcntl(put("/tmp/posix"), F_SETLK, &lock) == 0);
	other_carried();
}

static void keeps_the_ranges_of_processes(void)
{
	int fd = put("/tmp/posix");
	struct flock mine = range(F_RDLCK, 0, 50), ask = range(F_WRLCK, 0, 0);

	check(fcntl(fd, F_SETLK, &mine) == 0);
	struct other child = other_start(a_child_with_a_lock);
	carried();
	check(fcntl(fd, F_GETLK, &ask) == 0);
	check(ask.l_type == F_WRLCK && ask.l_start == 100 && ask.l_pid == child.pid);
	pid_t asks = fork();
	if (!asks) {
		ask = range(F_WRLCK, 0, 10);
		check(fcntl(fd, F_GETLK, &ask) == 0);
		_exit(ask.l_type != F_RDLCK || ask.l_len != 50 || ask.l_pid != getppid());
	}
	int status;
	check(waitpid(asks, &status, 0) == asks && status == 0);
	other_ends_well(&child);
}

/* The parent's fdinfo shows the file, but no lock. */
static int inherited;

static void a_child_with_an_inherited_file(void)
{
	struct flock lock = range(F_WRLCK, 7, 1);

	check(fcntl(inherited, F_SETLK, &lock) == 0);
	other_carried();
}

static void keeps_the_range_of_a_child_that_inherited_the_file(void)
{
	struct flock ask = range(F_WRLCK, 0, 0);

	inherited = put("/tmp/inherited");
	struct other child = other_start(a_child_with_an_inherited_file);
	carried();
	check(fcntl(inherited, F_GETLK, &ask) == 0);
	check(ask.l_type == F_WRLCK && ask.l_start == 7 && ask.l_pid == child.pid);
	other_ends_well(&child);
}

RUN(TEST(keeps_flock), TEST(keeps_a_range_of_an_open_file), TEST(keeps_the_ranges_of_processes),
    TEST(keeps_the_range_of_a_child_that_inherited_the_file))
