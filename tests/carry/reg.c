/* reg.c - open files: offsets, flags, who shares a description, files without a
 * name */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

static int put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | flags, 0640);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static void holds(int fd, const char *text)
{
	char got[256];
	ssize_t n = pread(fd, got, sizeof(got), 0);

	check(n == (ssize_t)strlen(text) && !memcmp(got, text, strlen(text)));
}

static void keeps_offset_and_flags(void)
{
	int rw = put("/tmp/reg", "0123456789", 0);
	int ro = open("/tmp/reg", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int log = open("/tmp/reg.log", O_CREAT | O_WRONLY | O_APPEND | O_NONBLOCK, 0600);
	int flags[] = {fcntl(rw, F_GETFL), fcntl(ro, F_GETFL), fcntl(log, F_GETFL)};

	check(lseek(rw, 3, SEEK_SET) == 3 && lseek(ro, 7, SEEK_SET) == 7);
	check(write(log, "a", 1) == 1);
	carried();
	check(lseek(rw, 0, SEEK_CUR) == 3 && lseek(ro, 0, SEEK_CUR) == 7);
	check(fcntl(rw, F_GETFL) == flags[0] && fcntl(ro, F_GETFL) == flags[1]);
	check(fcntl(log, F_GETFL) == flags[2]);
	check(fcntl(ro, F_GETFD) == FD_CLOEXEC && fcntl(rw, F_GETFD) == 0);
	check(lseek(log, 0, SEEK_SET) == 0 && write(log, "b", 1) == 1);
	holds(open("/tmp/reg.log", O_RDONLY), "ab");
	check(write(ro, "x", 1) < 0 && errno == EBADF);
}

static int shared;

static void a_child_that_moves_the_offset(void)
{
	other_carried();
	check(lseek(shared, 0, SEEK_CUR) == 5);
	check(lseek(shared, 2, SEEK_SET) == 2);
}

static void keeps_one_offset_for_duplicates_and_children(void)
{
	shared = put("/tmp/shared", "0123456789", 0);
	int twin = dup(shared), own = open("/tmp/shared", O_RDONLY);
	struct other child = other_start(a_child_that_moves_the_offset);

	check(lseek(shared, 5, SEEK_SET) == 5);
	carried();
	check(lseek(twin, 0, SEEK_CUR) == 5 && lseek(own, 0, SEEK_CUR) == 0);
	other_ends_well(&child);
	check(lseek(shared, 0, SEEK_CUR) == 2 && lseek(twin, 0, SEEK_CUR) == 2);
	check(lseek(own, 0, SEEK_CUR) == 0);
}

static int high = 700;

static void keeps_numbers_with_gaps(void)
{
	int fd = put("/tmp/gap", "gap", 0);

	check(dup2(fd, high) == high && dup2(fd, 63) == 63);
	close(fd);
	carried();
	check(fcntl(fd, F_GETFD) < 0);
	holds(high, "gap");
	holds(63, "gap");
}

static void keeps_a_deleted_file_for_all_who_have_it(void)
{
	struct stat st, twin;
	int rw = put("/tmp/gone", "start", 0), ro = open("/tmp/gone", O_RDONLY);

	check(pwrite(rw, "far", 3, 1 << 22) == 3 && unlink("/tmp/gone") == 0);
	carried();
	check(fstat(rw, &st) == 0 && fstat(ro, &twin) == 0);
	check(st.st_ino == twin.st_ino && st.st_nlink == 0);
	check(st.st_size == (1 << 22) + 3 && st.st_blocks < 1024);
	check(access("/tmp/gone", F_OK) < 0);
	char far[4] = "";
	check(pread(ro, far, 3, 1 << 22) == 3 && !strcmp(far, "far"));
	check(pwrite(rw, "S", 1, 0) == 1 && pread(ro, far, 1, 0) == 1 && *far == 'S');
}

static void keeps_a_file_whose_other_name_was_deleted(void)
{
	struct stat st, twin;
	int fd = put("/tmp/one", "linked", 0);

	check(link("/tmp/one", "/tmp/two") == 0 && unlink("/tmp/one") == 0);
	carried();
	check(fstat(fd, &st) == 0 && stat("/tmp/two", &twin) == 0);
	check(st.st_ino == twin.st_ino && st.st_nlink == 1);
	holds(fd, "linked");
}

static void keeps_directories_and_names(void)
{
	struct stat st;

	check(mkdir("/tmp/dir", 0755) == 0 && symlink("dir", "/tmp/link") == 0);
	close(put("/tmp/dir/file", "in", 0));
	int dir = open("/tmp/dir", O_RDONLY | O_DIRECTORY);
	int name = open("/tmp/link", O_PATH | O_NOFOLLOW);
	carried();
	holds(openat(dir, "file", O_RDONLY), "in");
	check(fstat(name, &st) == 0 && S_ISLNK(st.st_mode));
}

static void keeps_a_working_directory_that_was_deleted(void)
{
	struct stat st;

	check(mkdir("/tmp/here", 0755) == 0 && chdir("/tmp/here") == 0);
	check(rmdir("/tmp/here") == 0);
	carried();
	check(stat(".", &st) == 0 && st.st_nlink == 0);
	check(open("new", O_CREAT | O_WRONLY, 0600) < 0 && errno == ENOENT);
}

static void keeps_devices(void)
{
	char byte = 1;
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	int full = open("/dev/full", O_WRONLY), random = open("/dev/urandom", O_RDONLY);

	carried();
	check(read(null, &byte, 1) == 0 && write(null, &byte, 1) == 1);
	check(read(zero, &byte, 1) == 1 && byte == 0);
	check(write(full, &byte, 1) < 0 && errno == ENOSPC);
	check(read(random, &byte, 1) == 1);
}

static void keeps_files_of_proc(void)
{
	char text[256];
	int status = open("/proc/self/stat", O_RDONLY), dir = open("/proc/self", O_RDONLY);

	carried();
	check(pread(status, text, sizeof(text) - 1, 0) > 0);
	check(strtol(text, NULL, 10) == getpid());
	check(openat(dir, "status", O_RDONLY) >= 0);
}

RUN(TEST(keeps_offset_and_flags), TEST(keeps_one_offset_for_duplicates_and_children),
    TEST(keeps_numbers_with_gaps), TEST(keeps_a_deleted_file_for_all_who_have_it),
    TEST(keeps_a_file_whose_other_name_was_deleted), TEST(keeps_directories_and_names),
    TEST(keeps_a_working_directory_that_was_deleted), TEST(keeps_devices),
    TEST(keeps_files_of_proc))
