/* test-file.c - small files, whole or not at all */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static int scratch(void)
{
	char name[] = "/tmp/ckrun-test-XXXXXX";

	check(mkdtemp(name));
	int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(dir >= 0);
	return dir;
}

static int count(int dir)
{
	DIR *list = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY));
	int n = 0;

	check(list);
	while (readdir(list))
		n++;
	closedir(list);
	return n - 2;
}

static void replaces_a_file_as_a_whole(void)
{
	int dir = scratch();
	struct err err = {};
	scoped_free char *text = NULL;

	check(file_replace(dir, "state", "long old text", 13, 0600, &err) == 0);
	int reader = openat(dir, "state", O_RDONLY);
	check(file_replace(dir, "state", "new", 3, 0600, &err) == 0);
	check(file_read(dir, "state", &text, &err) == 0 && !strcmp(text, "new"));
	char old[32] = "";
	check(read(reader, old, sizeof(old)) == 13 && !memcmp(old, "long old text", 13));
	check(count(dir) == 1);
}

static void leaves_the_old_file_and_nothing_else_when_it_cannot_write(void)
{
	int dir = scratch();
	struct err err = {};

	check(mkdirat(dir, "state", 0700) == 0);
	check(file_replace(dir, "state", "new", 3, 0600, &err) < 0);
	check(count(dir) == 1);
	check(file_replace(dir, "nowhere/state", "new", 3, 0600, &err) == -ENOENT);
}

RUN(TEST(replaces_a_file_as_a_whole),
    TEST(leaves_the_old_file_and_nothing_else_when_it_cannot_write))
