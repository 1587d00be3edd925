/* tmpfs.c - what tasks put into the container's tmpfs mounts is there afterwards */
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tests/carry/carry.h"

static void file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0640);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static struct stat look(const char *path)
{
	struct stat st;

	check(!lstat(path, &st));
	return st;
}

static int same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static void keeps_files_with_owner_mode_and_times(void)
{
	const struct timespec times[2] = {{1000, 1}, {2000, 987654321}};
	char text[16] = "";

	file("/dev/shm/file", "words");
	check(!chown("/dev/shm/file", 12, 34) && !chmod("/dev/shm/file", 04751));
	check(!mkdir("/dev/shm/dir", 0700) && !symlink("../nowhere", "/dev/shm/dir/link"));
	check(!utimensat(AT_FDCWD, "/dev/shm/file", times, 0));
	check(!utimensat(AT_FDCWD, "/dev/shm/dir", times, 0));
	carried();
	struct stat st = look("/dev/shm/file"), dir = look("/dev/shm/dir");
	check(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 04751);
	check(same_time(&st.st_mtim, &times[1]) && same_time(&dir.st_mtim, &times[1]));
	check(readlink("/dev/shm/dir/link", text, sizeof(text)) == 10);
	int fd = open("/dev/shm/file", O_RDONLY);
	check(read(fd, text, sizeof(text)) == 5 && !memcmp(text, "words", 5));
}

static void keeps_hard_links_holes_and_attributes(void)
{
	char text[16];

	file("/dev/shm/one", "");
	check(!link("/dev/shm/one", "/dev/shm/two"));
	check(!truncate("/dev/shm/one", 1 << 30)); /* more than the mount may hold */
	check(!setxattr("/dev/shm/one", "trusted.mark", "\0x", 2, 0));
	carried();
	struct stat one = look("/dev/shm/one"), two = look("/dev/shm/two");
	check(one.st_ino == two.st_ino && one.st_nlink == 2);
	check(one.st_size == 1 << 30 && one.st_blocks == 0);
	check(getxattr("/dev/shm/two", "trusted.mark", text, sizeof(text)) == 2);
	check(!memcmp(text, "\0x", 2));
}

static void keeps_fifos_nodes_and_left_over_sockets(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "/dev/shm/socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	check(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
	check(!mkfifo("/dev/shm/fifo", 0600));
	check(!mknod("/dev/mine", S_IFCHR | 0622, makedev(1, 5)));
	carried();
	check(S_ISSOCK(look("/dev/shm/socket").st_mode));
	check(S_ISFIFO(look("/dev/shm/fifo").st_mode));
	check(look("/dev/mine").st_rdev == makedev(1, 5));
	check(S_ISCHR(look("/dev/null").st_mode));
	fd = open("/dev/null", O_WRONLY);
	check(fd >= 0 && write(fd, "x", 1) == 1);
}

static void keeps_files_away_that_were_removed(void)
{
	check(!unlink("/dev/stderr"));
	carried();
	check(access("/dev/stderr", F_OK) < 0 && errno == ENOENT);
	check(!access("/dev/stdin", F_OK) || errno == ENOENT);
	check(look("/dev/stdout").st_mode);
}

static void keeps_a_shared_mapping_of_a_file(void)
{
	char text[8];

	file("/dev/shm/map", "before..");
	int fd = open("/dev/shm/map", O_RDWR);
	char *map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(map != MAP_FAILED);
	memcpy(map, "mapped..", 8);
	carried();
	check(!memcmp(map, "mapped..", 8));
	memcpy(map, "later...", 8);
	check(pread(fd, text, 8, 0) == 8 && !memcmp(text, "later...", 8));
	int again = open("/dev/shm/map", O_RDONLY);
	check(pread(again, text, 8, 0) == 8 && !memcmp(text, "later...", 8));
}

RUN(TEST(keeps_files_with_owner_mode_and_times), TEST(keeps_hard_links_holes_and_attributes),
    TEST(keeps_fifos_nodes_and_left_over_sockets), TEST(keeps_files_away_that_were_removed),
    TEST(keeps_a_shared_mapping_of_a_file))
