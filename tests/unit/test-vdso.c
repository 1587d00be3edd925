/* test-vdso.c - calls to an old vdso end in the one that is there */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include "engine/mem/vdso.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

enum { SIZE = 8192 };

static const void *ours(void)
{
	return (const void *)getauxval(AT_SYSINFO_EHDR); // NOLINT: an address
}

static void *copy(void)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	memcpy(p, ours(), SIZE);
	return p;
}

static const struct vdso_symbol *find(const struct vdso_symbols *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->symbol[i].name, name))
			return &all->symbol[i];
	check(!"the function is in the vdso");
	return NULL;
}

typedef int clock_gettime_fn(clockid_t, struct timespec *);

static int64_t ask(const char *vdso, const struct vdso_symbols *all)
{
	struct timespec now = {0};
	clock_gettime_fn *get =
		(clock_gettime_fn *)(uintptr_t)(vdso +
						find(all, "__vdso_clock_gettime")->offset);

	check(get(CLOCK_MONOTONIC, &now) == 0);
	return now.tv_sec;
}

static void the_old_function_answers_through_the_new(void)
{
	struct vdso_symbols now;
	struct err err = {};
	char *old = copy();

	check(vdso_read(ours(), SIZE, &now, &err) == 0 && now.n >= 4);
	check(vdso_redirect(old, SIZE, &now, (uint64_t)(uintptr_t)ours(), &err) == 0);
	check(mprotect(old, SIZE, PROT_READ | PROT_EXEC) == 0);
	check(ask(old, &now) - ask(ours(), &now) <= 1);
}

static void a_function_that_is_gone_makes_its_system_call(void)
{
	struct vdso_symbols now, none = {0};
	struct err err = {};
	char *old = copy();

	check(vdso_read(ours(), SIZE, &now, &err) == 0);
	check(vdso_redirect(old, SIZE, &none, 0, &err) == 0);
	check(mprotect(old, SIZE, PROT_READ | PROT_EXEC) == 0);
	check(ask(old, &now) - ask(ours(), &now) <= 1);
}

static void no_image_leads_out_of_itself(void)
{
	struct vdso_symbols all;
	struct err err = {};

	for (size_t size = 0; size < SIZE; size += 13) {
		char *old = malloc(size + 1);

		check(old);
		memcpy(old, ours(), size);
		vdso_read(old, size, &all, &err);
		vdso_redirect(old, size, &all, 0, &err);
		free(old);
	}
	memset(&all, 0, sizeof(all));
	check(vdso_read("no", 2, &all, &err) == -EPROTO);
}

RUN(TEST(the_old_function_answers_through_the_new),
    TEST(a_function_that_is_gone_makes_its_system_call), TEST(no_image_leads_out_of_itself))
