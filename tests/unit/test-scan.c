/* test-scan.c - numbers and words, and what only looks like them */
#include <string.h>

#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void takes_numbers_up_to_the_limits_of_their_type(void)
{
	const char *at = "18446744073709551615 4294967295 -9223372036854775808 -2147483648";
	uint64_t u;
	uint32_t w;
	int64_t s;
	int32_t i;

	check(scan_u64(&at, 10, &u) && u == UINT64_MAX && scan_lit(&at, " "));
	check(scan_u32(&at, 10, &w) && w == UINT32_MAX && scan_lit(&at, " "));
	check(scan_s64(&at, &s) && s == INT64_MIN && scan_lit(&at, " "));
	check(scan_s32(&at, &i) && i == INT32_MIN && !*at);
	at = "18446744073709551616";
	check(!scan_u64(&at, 10, &u));
	at = "4294967296";
	check(!scan_u32(&at, 10, &w));
	at = "9223372036854775808";
	check(!scan_s64(&at, &s));
	at = "2147483648";
	check(!scan_s32(&at, &i));
}

static void takes_no_sign_blank_or_foreign_digit(void)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "g", "\n1"};
	uint64_t u = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = bad[i];

		check(!scan_u64(&at, 16, &u) && at == bad[i] && u == 5);
	}
	const char *at = "78";
	check(scan_u64(&at, 8, &u) && u == 7 && *at == '8');
}

static void walks_lines_and_words(void)
{
	const char *at = "one \ttwo\n\nthree";
	size_t len;

	check(!memcmp(scan_word(&at, &len), "one", 3) && len == 3);
	scan_blanks(&at);
	check(!memcmp(scan_rest(&at, &len), "two", 3) && len == 3 && *at == '\n');
	check(scan_line(&at) && *at == '\n');
	check(scan_line(&at) && !strcmp(at, "three"));
	check(!scan_line(&at) && !*at);
}

static void turns_octal_escapes_into_bytes(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	static const char text[] = "a\\040b\\012\\134040\\9x\\000\\101\\01";
	const size_t len = strlen(text);

	check(!strcmp(scan_decode(arena, text, len, " \n\\"), "a b\n\\040\\9x\\000\\101\\01"));
	check(!strcmp(scan_decode(arena, text, len, "\n"),
		      "a\\040b\n\\134040\\9x\\000\\101\\01"));
	check(!strcmp(scan_decode(arena, "\\040", 3, " "), "\\04"));
}

RUN(TEST(takes_numbers_up_to_the_limits_of_their_type),
    TEST(takes_no_sign_blank_or_foreign_digit), TEST(walks_lines_and_words),
    TEST(turns_octal_escapes_into_bytes))
