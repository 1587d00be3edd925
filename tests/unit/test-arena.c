/* test-arena.c - what is asked for is zeroed, kept and given back at once */
#include <stdint.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void keeps_small_and_large_pieces_apart(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char *a = arena_strdup(arena, "one"), *big = arena_alloc(arena, 1 << 20);
	char *b = arena_printf(arena, "%s-%d", "two", 2);

	memset(big, 0xff, 1 << 20);
	check(!strcmp(a, "one") && !strcmp(b, "two-2"));
	check((uintptr_t)b % 16 == 0);
}

static void grows_an_array_and_keeps_its_elements(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	int *v = NULL;

	for (int i = 0; i < 1000; i++) {
		v = arena_grow(arena, v, (size_t)i, sizeof(*v));
		check(v && v[i] == 0);
		v[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		check(v[i] == i);
}

RUN(TEST(keeps_small_and_large_pieces_apart), TEST(grows_an_array_and_keeps_its_elements))
