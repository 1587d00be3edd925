/* test-filter.c - compiled seccomp filters are kept, and used for their own profile only */
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <string.h>

#include "oci/seccomp.h"
#include "runtime/base/err.h"
#include "runtime/container/filter.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

enum { ROOM = 1 << 20 };

static char *names[] = {(char[]){"mkdir"}, (char[]){"chmod"}, NULL};
static struct oci_syscall_rule rule = {{names, 2}, SCMP_ACT_ERRNO(1), NULL, 0};
static struct oci_seccomp profile = {
	.set = true,
	.default_action = SCMP_ACT_ALLOW,
	.syscalls = &rule,
	.n_syscalls = 1,
};

static char cache[128];
static int dir = -1;

static size_t get(char *program)
{
	struct err err = {};
	void *p = NULL;
	size_t size = 0;

	check(filter_get(cache, &profile, &p, &size, &err) == 0 && size <= ROOM);
	memcpy(program, p, size);
	free(p);
	if (dir < 0)
		dir = open(cache, O_RDONLY | O_DIRECTORY);
	return size;
}

static void open_cache(void)
{
	scratch();
	snprintf(cache, sizeof(cache), "%s/filters", scratch_path);
}

/* The one file in the cache. */
static const char *file_name(void)
{
	static char name[64];
	DIR *list = opendir(cache);

	check(list != NULL);
	for (struct dirent *entry; (entry = readdir(list));)
		if (entry->d_name[0] != '.')
			snprintf(name, sizeof(name), "%.60s", entry->d_name);
	closedir(list);
	return name;
}

static char a[ROOM], b[ROOM], file[ROOM];

static void gives_the_kept_program(void)
{
	open_cache();
	size_t n = get(a);
	size_t size = scratch_get(dir, file_name(), file, ROOM);
	check(size > n && !memcmp(file + size - n, a, n));
	file[size - 1] ^= 1; /* so that it can be told from a compiled one */
	scratch_put(dir, file_name(), file, size);
	check(get(b) == n && memcmp(a, b, n));
}

static void compiles_again_for_another_profile(void)
{
	open_cache();
	size_t n = get(a);
	rule.action = SCMP_ACT_ERRNO(2);
	check(get(b) == n && memcmp(a, b, n));
	rule.action = SCMP_ACT_ERRNO(1);
	rule.names.n = 1;
	check(get(b) != n);
}

static void does_not_trust_a_file_with_another_question(void)
{
	open_cache();
	size_t n = get(a);
	size_t size = scratch_get(dir, file_name(), file, ROOM);
	file[0] ^= 1;
	file[size - 1] ^= 1;
	scratch_put(dir, file_name(), file, size);
	check(get(b) == n && !memcmp(a, b, n));
	scratch_put(dir, file_name(), file, 3); /* torn */
	check(get(b) == n && !memcmp(a, b, n));
}

static void works_without_a_place_to_keep_it(void)
{
	struct err err = {};
	void *p = NULL;
	size_t size = 0;

	check(filter_get("/proc/no/such", &profile, &p, &size, &err) == 0 && size);
	free(p);
	check(filter_get(NULL, &profile, &p, &size, &err) == 0 && size);
	free(p);
}

RUN(TEST(gives_the_kept_program), TEST(compiles_again_for_another_profile),
    TEST(does_not_trust_a_file_with_another_question), TEST(works_without_a_place_to_keep_it))
