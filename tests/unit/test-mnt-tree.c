/* test-mnt-tree.c - a tree through an archive into another file system; archives that lie */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "engine/mnt/tar.h"
#include "engine/mnt/tree.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/sandboxed.h"
#include "tests/unit/scratch.h"

/* An archive in memory. */
static struct {
	char *data;
	size_t len, at;
} archive;

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)ctx, (void)err;
	archive.data = realloc(archive.data, archive.len + len + 1);
	check(archive.data);
	memcpy(archive.data + archive.len, data, len);
	archive.len += len;
	return 0;
}

static int get(void *ctx, void *data, size_t len, struct err *err)
{
	(void)ctx;
	if (len > archive.len - archive.at)
		return fail(err, -EBADMSG, "it ends in the middle");
	memcpy(data, archive.data + archive.at, len);
	archive.at += len;
	return 0;
}

static struct tar_out out = {.write = put};
static struct err err;
static char text[1024];

static int unpack(int dir)
{
	struct tar_in in = {.read = get};

	archive.at = 0;
	err = (struct err){0};
	int r = tree_unpack(dir, &in, &err);
	tar_in_drop(&in);
	return r;
}

/* Two tmpfs, "a" and "b", in the scratch directory. */
static int a, b;

static int place(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", scratch_path, name);
	check(!mkdir(path, 0700) && !mount("none", path, "tmpfs", 0, "size=64m,mode=755"));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(fd >= 0);
	return fd;
}

static void unmount(void)
{
	char path[128];

	if (getpid() != scratch_owner)
		return;
	for (const char *name = "ab"; *name; name++) {
		snprintf(path, sizeof(path), "%s/%c", scratch_path, *name);
		umount2(path, MNT_DETACH);
	}
}

static void begin(void)
{
	need_sandbox();
	check(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	scratch();
	a = place("a");
	b = place("b");
	atexit(unmount);
}

static void carry(void)
{
	check(tree_pack(a, &out, &err) >= 0 && tree_sweep(b, &err) >= 0);
	check(unpack(b) >= 0);
}

static void file(int dir, const char *name, const char *data)
{
	scratch_put(dir, name, data, strlen(data));
}

static struct stat stat_of(int dir, const char *name)
{
	struct stat st;

	check(!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW));
	return st;
}

static int same_time(const struct timespec *x, const struct timespec *y)
{
	return x->tv_sec == y->tv_sec && x->tv_nsec == y->tv_nsec;
}

static void same(const char *name)
{
	struct stat x = stat_of(a, name), y = stat_of(b, name);

	printf("# %s\n", name);
	check(x.st_mode == y.st_mode && x.st_uid == y.st_uid && x.st_gid == y.st_gid);
	check(x.st_rdev == y.st_rdev && x.st_size == y.st_size && x.st_nlink == y.st_nlink);
	check(same_time(&x.st_mtim, &y.st_mtim));
	/* readlink(2) of the archiver touches the link that it reads */
	check(S_ISLNK(x.st_mode) || same_time(&x.st_atim, &y.st_atim));
}

static void stamp(int dir, const char *name, time_t sec, long nsec)
{
	const struct timespec times[2] = {{sec + 5, nsec + 1}, {sec, nsec}};

	check(!utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW));
}

static void bind_socket(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/a/%s", scratch_path, name);
	check(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
}

static void keeps_every_type_of_file(void)
{
	char link[16] = "";

	begin();
	file(a, "plain", "some words");
	file(a, "empty", "");
	check(!mkdirat(a, "dir", 01777) && !fchmodat(a, "dir", 01777, 0));
	check(!mkdirat(a, "dir/below", 0750));
	file(a, "dir/below/deep", "x");
	check(!symlinkat("../not/there", a, "link"));
	check(!mkfifoat(a, "fifo", 0640));
	check(!mknodat(a, "null", S_IFCHR | 0666, makedev(1, 3)));
	check(!mknodat(a, "disk", S_IFBLK | 0600, makedev(7, 300)));
	bind_socket("socket");
	check(!fchownat(a, "plain", 12, 70000, 0) && !fchmodat(a, "plain", 06755, 0));
	check(!fchownat(a, "link", 3000000, 4000000, AT_SYMLINK_NOFOLLOW));
	stamp(a, "plain", 1000000000, 123456789);
	stamp(a, "empty", -2, 500000000);
	stamp(a, "link", 1, 1);
	stamp(a, "dir", 77, 88);
	check(!fchmod(a, 0711) && !fchown(a, 5, 6));
	stamp(a, ".", 99, 1);
	carry();
	static const char *const all[] = {"plain",          "empty",  "dir",  "dir/below",
					  "dir/below/deep", "link",   "fifo", "null",
					  "disk",           "socket", "."};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		same(all[i]);
	check(readlinkat(b, "link", link, sizeof(link)) == 12);
	check(!strncmp(link, "../not/there", 12));
	check(scratch_get(b, "plain", text, sizeof(text)) == 10);
	check(!memcmp(text, "some words", 10));
}

static void keeps_holes(void)
{
	struct stat st;
	char byte;

	begin();
	int fd = openat(a, "sparse", O_CREAT | O_RDWR, 0600);
	check(pwrite(fd, "head", 4, 0) == 4 && pwrite(fd, "middle", 6, 20 << 20) == 6);
	check(!ftruncate(fd, (1 << 30) + 5)); /* larger than the file system */
	fd = openat(a, "hole", O_CREAT | O_RDWR, 0600);
	check(!ftruncate(fd, 12345));
	carry();
	same("sparse");
	same("hole");
	st = stat_of(b, "sparse");
	check(st.st_blocks == stat_of(a, "sparse").st_blocks);
	fd = openat(b, "sparse", O_RDONLY);
	check(pread(fd, text, 6, 20 << 20) == 6 && !memcmp(text, "middle", 6));
	check(pread(fd, text, 4, 0) == 4 && !memcmp(text, "head", 4));
	check(pread(fd, &byte, 1, 4) == 1 && byte == 0);
	check(lseek(fd, 5000, SEEK_DATA) == 20 << 20);
}

static void keeps_data_of_many_pieces(void)
{
	char x[4096], y[4096];

	begin();
	int fd = openat(a, "pieces", O_CREAT | O_RDWR, 0600);
	for (int i = 0; i < 300; i++) {
		memset(x, 'a' + i % 26, sizeof(x));
		check(pwrite(fd, x, sizeof(x), (off_t)i * 8192) == sizeof(x));
	}
	carry();
	same("pieces");
	fd = openat(b, "pieces", O_RDONLY);
	for (int i = 0; i < 300; i++) {
		memset(x, 'a' + i % 26, sizeof(x));
		check(pread(fd, y, sizeof(y), (off_t)i * 8192) == sizeof(y));
		check(!memcmp(x, y, sizeof(x)));
	}
}

static void keeps_hard_links(void)
{
	begin();
	file(a, "one", "shared");
	check(!mkdirat(a, "dir", 0700));
	check(!linkat(a, "one", a, "dir/two", 0) && !linkat(a, "one", a, "three", 0));
	check(!symlinkat("nowhere", a, "s1") && !linkat(a, "s1", a, "s2", 0));
	carry();
	same("one");
	same("s2");
	check(stat_of(b, "one").st_ino == stat_of(b, "dir/two").st_ino);
	check(stat_of(b, "one").st_ino == stat_of(b, "three").st_ino);
	check(stat_of(b, "s1").st_ino == stat_of(b, "s2").st_ino);
}

static void keeps_extended_attributes(void)
{
	static const char value[] = "a\0b\nc=d";
	static const unsigned char cap[20] = {1, 0, 0, 2, 0, 4};
	char path[128];

	begin();
	file(a, "file", "");
	snprintf(path, sizeof(path), "%s/a/file", scratch_path);
	check(!setxattr(path, "trusted.odd", value, sizeof(value), 0));
	check(!setxattr(path, "trusted.empty", "", 0, 0));
	check(!setxattr(path, "security.capability", cap, sizeof(cap), 0));
	snprintf(path, sizeof(path), "%s/a", scratch_path);
	check(!setxattr(path, "trusted.top", "t", 1, 0));
	carry();
	snprintf(path, sizeof(path), "%s/b/file", scratch_path);
	check(getxattr(path, "trusted.odd", text, sizeof(text)) == sizeof(value));
	check(!memcmp(text, value, sizeof(value)));
	check(getxattr(path, "trusted.empty", text, sizeof(text)) == 0);
	check(getxattr(path, "security.capability", text, sizeof(text)) == sizeof(cap));
	snprintf(path, sizeof(path), "%s/b", scratch_path);
	check(getxattr(path, "trusted.top", text, sizeof(text)) == 1);
}

static void keeps_odd_and_long_names(void)
{
	char name[256], path[600];

	begin();
	memset(name, 'n', 255);
	name[255] = '\0';
	snprintf(path, sizeof(path), "%s/line\nbreak = \xff ", name);
	check(!mkdirat(a, name, 0700));
	file(a, path, "odd");
	carry();
	same(path);
}

static void leaves_access_times_as_they_were(void)
{
	begin();
	file(a, "file", "read me");
	check(!mkdirat(a, "dir", 0700));
	file(a, "dir/x", "");
	stamp(a, "file", 1000, 1);
	stamp(a, "dir", 1000, 1);
	check(tree_pack(a, &out, &err) >= 0);
	check(stat_of(a, "file").st_atim.tv_sec == 1005);
	check(stat_of(a, "dir").st_atim.tv_sec == 1005);
}

static void leaves_other_mounts_out_and_alone(void)
{
	char path[128];

	begin();
	check(!mkdirat(a, "m", 0700) && !mkdirat(b, "m", 0700) && !mkdirat(b, "old", 0700));
	file(a, "m/covered", "below");
	file(b, "keep", "");
	file(b, "old/x", "");
	snprintf(path, sizeof(path), "%s/a/m", scratch_path);
	check(!mount("none", path, "tmpfs", 0, NULL));
	file(a, "m/inside", "of another mount");
	snprintf(path, sizeof(path), "%s/b/m", scratch_path);
	check(!mount("none", path, "tmpfs", 0, NULL));
	file(b, "m/mine", "stays");
	snprintf(path, sizeof(path), "%s/b/keep", scratch_path);
	check(!mount("/dev/null", path, NULL, MS_BIND, NULL));
	carry();
	check(scratch_has(b, "m/mine") && !scratch_has(b, "m/inside"));
	check(!scratch_has(b, "m/covered"));
	check(S_ISCHR(stat_of(b, "keep").st_mode));
	check(!scratch_has(b, "old"));
}

static void leaves_the_bundles_devices(void)
{
	begin();
	check(!mknodat(a, "both", S_IFCHR | 0600, makedev(1, 3)));
	check(!mknodat(b, "both", S_IFCHR | 0666, makedev(1, 3)));
	check(!mknodat(a, "moved", S_IFCHR | 0600, makedev(240, 1)));
	check(!mknodat(b, "moved", S_IFCHR | 0644, makedev(241, 1)));
	check(!mkdirat(b, "dir", 0700));
	check(!mknodat(b, "dir/more", S_IFCHR | 0644, makedev(242, 1)));
	file(b, "stale", "");
	carry();
	same("both");
	check(stat_of(b, "moved").st_rdev == makedev(241, 1));
	check((stat_of(b, "moved").st_mode & 0777) == 0644);
	check(S_ISCHR(stat_of(b, "dir/more").st_mode));
	check(!scratch_has(b, "stale"));
}

static void is_read_by_tar(void)
{
	char command[256];

	begin();
	check(!mkdirat(a, "dir", 0700));
	file(a, "dir/file", "words for tar");
	int fd = openat(a, "sparse", O_CREAT | O_RDWR, 0600);
	check(pwrite(fd, "end", 3, 1 << 20) == 3);
	check(tree_pack(a, &out, &err) >= 0);
	snprintf(command, sizeof(command), "tar -C %s/b -xpf -", scratch_path);
	FILE *tar = popen(command, "we");
	check(tar && fwrite(archive.data, 1, archive.len, tar) == archive.len && !pclose(tar));
	struct stat x = stat_of(a, "sparse"), y = stat_of(b, "sparse");
	check(x.st_size == y.st_size && x.st_blocks == y.st_blocks);
	check(same_time(&x.st_mtim, &y.st_mtim));
	check(scratch_get(b, "dir/file", text, sizeof(text)) == 13);
}

/* --- archives that lie */

static void member(const char *path, enum tar_type type, const char *link)
{
	const struct tar_member m = {.path = path, .type = type, .link = link, .mode = 0644};

	check(tar_put(&out, &m, &err) >= 0 && tar_put_end(&out, &err) >= 0);
}

static void refused(const char *path, enum tar_type type, const char *link)
{
	archive.len = 0;
	member("./", TAR_DIRECTORY, NULL);
	member("./in", TAR_DIRECTORY, NULL);
	member("./way", TAR_SYMLINK, scratch_path);
	member(path, type, link);
	check(tar_finish(&out, &err) >= 0);
	check(tree_sweep(b, &err) >= 0);
	check(unpack(b) < 0);
}

static void does_not_leave_the_mount(void)
{
	char outside[128];

	begin();
	snprintf(outside, sizeof(outside), "%s/escaped", scratch_path);
	refused(outside, TAR_FILE, NULL);
	refused("../escaped", TAR_FILE, NULL);
	refused("./in/../../escaped", TAR_FILE, NULL);
	refused("./way/escaped", TAR_FILE, NULL);
	refused("./way/escaped", TAR_DIRECTORY, NULL);
	refused("./x", TAR_LINK, "../escaped");
	refused("./x", TAR_LINK, "./way/a");
	refused("./..", TAR_DIRECTORY, NULL);
	refused("./in/.", TAR_FILE, NULL);
	refused("./", TAR_FILE, NULL);
	check(access(outside, F_OK) < 0);
}

static void puts_a_file_in_the_place_of_a_link(void)
{
	begin();
	archive.len = 0;
	member("./f", TAR_SYMLINK, "../escaped");
	member("./f", TAR_FILE, NULL);
	check(tar_finish(&out, &err) >= 0);
	check(unpack(b) >= 0);
	check(S_ISREG(stat_of(b, "f").st_mode));
	snprintf(text, sizeof(text), "%s/escaped", scratch_path);
	check(access(text, F_OK) < 0);
}

static void refuses_what_is_damaged(void)
{
	begin();
	file(a, "file", "0123456789");
	check(tree_pack(a, &out, &err) >= 0);
	size_t whole = archive.len;
	for (size_t cut = 0; cut < whole; cut += 100) {
		archive.len = cut;
		check(tree_sweep(b, &err) >= 0 && (unpack(b) < 0 || cut >= whole - 1024));
	}
	archive.len = whole;
	archive.data[100]++;
	check(tree_sweep(b, &err) >= 0 && unpack(b) == -EBADMSG);
}

RUN(TEST(keeps_every_type_of_file), TEST(keeps_holes), TEST(keeps_data_of_many_pieces),
    TEST(keeps_hard_links), TEST(keeps_extended_attributes), TEST(keeps_odd_and_long_names),
    TEST(leaves_access_times_as_they_were), TEST(leaves_other_mounts_out_and_alone),
    TEST(leaves_the_bundles_devices), TEST(is_read_by_tar), TEST(does_not_leave_the_mount),
    TEST(puts_a_file_in_the_place_of_a_link), TEST(refuses_what_is_damaged))
