/* test-err.c - the sentence, and what stands beside it */
#include <errno.h>
#include <string.h>

#include "runtime/base/err.h"
#include "tests/unit/check.h"

static void tells_the_chain_from_the_wish_to_the_kernels_answer(void)
{
	struct err err = {};
	char text[256];

	errno = ENOENT;
	check(fail_errno(&err, "open %s", "x") == -ENOENT);
	fail_in(&err, "task %d", 7);
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "task 7: open x: No such file or directory"));
}

static void keeps_other_reasons_as_lines_of_their_own(void)
{
	struct err err = {};

	refuse(&err, "first");
	err_also(&err, "second %d", 2);
	err_also(&err, "third");
	check(!strcmp(err.also, "second 2\nthird\n"));
}

static void says_when_there_are_too_many_reasons(void)
{
	struct err err = {};

	refuse(&err, "first");
	for (int i = 0; i < 200; i++)
		err_also(&err, "one more reason with number %d", i);
	const char *last = strstr(err.also, "(more reasons");
	check(last && !strcmp(last, "(more reasons are not shown)\n"));
	check(strlen(err.also) < ERR_ALSO_MAX);
}

static void fits_one_atomic_write(void)
{
	check(sizeof(struct err) < 4096);
}

RUN(TEST(tells_the_chain_from_the_wish_to_the_kernels_answer),
    TEST(keeps_other_reasons_as_lines_of_their_own), TEST(says_when_there_are_too_many_reasons),
    TEST(fits_one_atomic_write))
