/* test-inroot.c - no link in a root leads out of it, to read or to make */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/container/inroot.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

static int root;

/* A root with links out of it, beside a directory that they aim at. */
static void make_root(void)
{
	int base = scratch();

	check(!mkdirat(base, "root", 0755) && !mkdirat(base, "host", 0755));
	root = openat(base, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	check(root >= 0 && !mkdirat(root, "etc", 0755));
	check(!symlinkat("../../../host", root, "up") && !symlinkat("/host", root, "abs"));
	check(!symlinkat("loop", root, "loop") && !symlinkat("etc", root, "plain"));
}

/* The same file by two paths? */
static bool same(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !fstatat(root, path, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_ino == b.st_ino;
}

static void follows_links_inside(void)
{
	struct err err = {};
	int fd = -1;

	make_root();
	check(!inroot_open(root, "/plain", O_PATH, INROOT_FOLLOW, &fd, &err) &&
	      same(fd, "etc"));
	check(!inroot_open(root, "/../../etc", O_PATH, INROOT_FOLLOW, &fd, &err));
	check(same(fd, "etc"));
	check(inroot_try(root, "/up", O_PATH, INROOT_FOLLOW) == -ENOENT);
	check(inroot_try(root, "/plain", O_PATH, INROOT_NO_LINKS) == -ELOOP);
	check(inroot_open(root, "/up", O_PATH, INROOT_FOLLOW, &fd, &err) == -ENOENT);
}

static void makes_what_is_missing_inside(void)
{
	struct err err = {};
	int fd = -1;

	make_root();
	check(!inroot_make(root, "/up/a/b", S_IFDIR, &fd, &err) && same(fd, "host/a/b"));
	check(!inroot_make(root, "/abs/../plain//c/", S_IFDIR, &fd, &err) && same(fd, "etc/c"));
	check(!inroot_make(root, "/new/../etc/file", S_IFREG, &fd, &err) &&
	      same(fd, "etc/file"));
	check(!symlinkat("../x/y", root, "etc/dangling"));
	check(!inroot_make(root, "/plain/dangling", S_IFREG, &fd, &err) && same(fd, "x/y"));
	check(!faccessat(root, "../host", F_OK, 0) && faccessat(root, "../host/a", F_OK, 0));
}

static void says_what_cannot_be_made(void)
{
	struct err err = {};
	char text[1024];
	int fd = -1;

	make_root();
	check(inroot_make(root, "/loop/x", S_IFDIR, &fd, &err) == -ELOOP);
	check(!inroot_make(root, "/etc/file", S_IFREG, &fd, &err));
	check(inroot_make(root, "/etc/file/below", S_IFDIR, &fd, &err) == -ENOTDIR);
	check(strstr(err_text(&err, text, sizeof(text)), "/etc/file/below"));
}

static void leaves_the_last_part_to_the_caller(void)
{
	struct err err = {};
	const char *base;
	int fd = -1;

	make_root();
	check(!inroot_parent(root, "/dev/net/tun", &fd, &base, &err) && same(fd, "dev/net"));
	check(!strcmp(base, "tun"));
	check(inroot_parent(root, "/dev/..", &fd, &base, &err) == -EINVAL);
}

RUN(TEST(follows_links_inside), TEST(makes_what_is_missing_inside),
    TEST(says_what_cannot_be_made), TEST(leaves_the_last_part_to_the_caller))
