/* test-options.c - every way in which engines write a flag */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/cli/options.h"
#include "tests/unit/check.h"

struct wish {
	bool detach, tty, force;
	const char *bundle, *path;
	int fds;
	struct opt_list env;
};

/* clang-format off */
static const struct opt rows[] = {
	{"detach", 'd', OPT_FLAG, OPT_TAKEN, offsetof(struct wish, detach), "", "leave"},
	{"tty", 't', OPT_FLAG, OPT_TAKEN, offsetof(struct wish, tty), "", "terminal"},
	{"bundle", 'b', OPT_TEXT, OPT_TAKEN, offsetof(struct wish, bundle), "DIR", "where"},
	{"path", 'p', OPT_TEXT, OPT_TAKEN, offsetof(struct wish, path), "FILE", "which"},
	{"preserve-fds", 0, OPT_NUMBER, OPT_TAKEN, offsetof(struct wish, fds), "N", "how many"},
	{"env", 'e', OPT_LIST, OPT_TAKEN, offsetof(struct wish, env), "X=y", "variables"},
	{"criu", 0, OPT_TEXT, OPT_IGNORED, 0, "PATH", "nothing"},
	{"pre-dump", 0, OPT_FLAG, OPT_UNSUPPORTED, 0, "", ""},
	{"lsm-mount-context", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "CTX", ""},
};
/* clang-format on */

enum { MAX = 16 };

static struct arena *arena; /* what outcomes point into */

struct outcome {
	int r;
	struct wish wish;
	struct args args;
	char text[256];
};

static struct outcome parse(enum opt_order order, const char *line)
{
	struct outcome out = {};
	char *words[MAX];
	struct err err = {};

	if (!arena)
		arena = arena_new();
	for (char *copy = arena_strdup(arena, line), *word; (word = strsep(&copy, " "));)
		words[out.args.n++] = word;
	out.args.v = words;
	out.r = options_parse(OPT_TABLE(rows), &out.wish, &out.args, order, arena, &err);
	err_text(&err, out.text, sizeof(out.text));
	return out;
}

static void reads_values_with_one_dash_or_two_and_with_equals(void)
{
	static const char *const lines[] = {
		"--bundle /b web", "--bundle=/b web", "-bundle /b web", "-bundle=/b web",
		"-b /b web",       "-b=/b web",       "web --bundle /b"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct outcome out = parse(OPT_ANYWHERE, lines[i]);
		check(out.r == 0 && !strcmp(out.wish.bundle, "/b"));
		check(out.args.n == 1 && !strcmp(out.args.v[0], "web"));
	}
}

static void reads_flags_alone_together_and_as_go_writes_them(void)
{
	struct outcome out = parse(OPT_ANYWHERE, "-dt");

	check(out.r == 0 && out.wish.detach && out.wish.tty);
	out = parse(OPT_ANYWHERE, "-dp file -d=false --tty=true");
	check(out.r == 0 && !out.wish.detach && out.wish.tty && !strcmp(out.wish.path, "file"));
	check(parse(OPT_ANYWHERE, "--tty --tty").r == 0);
	check(parse(OPT_ANYWHERE, "--tty=perhaps").r == -EINVAL);
}

static void takes_the_word_after_an_option_whatever_it_looks_like(void)
{
	struct outcome out = parse(OPT_ANYWHERE, "--path --tty x");

	check(out.r == 0 && !strcmp(out.wish.path, "--tty") && !out.wish.tty);
}

static void says_that_a_flag_needs_an_argument_as_go_does(void)
{
	struct outcome out = parse(OPT_ANYWHERE, "--lsm-mount-context");

	check(out.r < 0 && !strcmp(out.text, "flag needs an argument: -lsm-mount-context"));
	check(!strcmp(parse(OPT_ANYWHERE, "-p").text, "flag needs an argument: -path"));
}

static void names_an_option_that_it_does_not_know(void)
{
	check(!strcmp(parse(OPT_ANYWHERE, "--bundel x").text, "unknown option --bundel"));
	check(!strcmp(parse(OPT_ANYWHERE, "-x").text, "unknown option -x"));
	check(!strcmp(parse(OPT_ANYWHERE, "-pd").text, "unknown option -pd"));
	check(!strcmp(parse(OPT_ANYWHERE, "--p x").text, "unknown option --p"));
}

static void refuses_by_name_what_it_cannot_do(void)
{
	check(!strcmp(parse(OPT_ANYWHERE, "--pre-dump").text,
		      "--pre-dump is not supported by this version"));
	check(parse(OPT_ANYWHERE, "--lsm-mount-context x").r == -EOPNOTSUPP);
	check(parse(OPT_ANYWHERE, "--pre-dump=false").r == 0);
}

static void ignores_what_is_documented_as_ignored(void)
{
	struct outcome out = parse(OPT_ANYWHERE, "--criu /usr/sbin/criu web");

	check(out.r == 0 && out.args.n == 1);
}

static void leaves_the_options_of_the_program_to_the_program(void)
{
	struct outcome out = parse(OPT_FIRST, "-d web sh -c -t");

	check(out.r == 0 && out.wish.detach && !out.wish.tty);
	check(out.args.n == 4 && !strcmp(out.args.v[3], "-t"));
	out = parse(OPT_FIRST, "-d -- -web");
	check(out.r == 0 && out.args.n == 1 && !strcmp(out.args.v[0], "-web"));
}

static void reads_numbers_and_lists(void)
{
	struct outcome out = parse(OPT_ANYWHERE, "--preserve-fds 3 -e A=1 --env=B=2=3");

	check(out.r == 0 && out.wish.fds == 3 && out.wish.env.n == 2);
	check(!strcmp(out.wish.env.value[0], "A=1") && !strcmp(out.wish.env.value[1], "B=2=3"));
	check(parse(OPT_ANYWHERE, "--preserve-fds 3x").r == -EINVAL);
	check(parse(OPT_ANYWHERE, "--preserve-fds -1").r == -EINVAL);
	check(parse(OPT_ANYWHERE, "--preserve-fds 99999999999").r == -EINVAL);
}

static void shows_help_for_what_has_an_effect(void)
{
	static char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	check(parse(OPT_ANYWHERE, "web --help").r == OPT_HELP);
	check(parse(OPT_FIRST, "-h").r == OPT_HELP);
	options_help(OPT_TABLE(rows), out);
	fclose(out);
	check(strstr(text, "  -b, --bundle DIR ") && strstr(text, "      --preserve-fds N "));
	check(strstr(text, "--criu PATH") && !strstr(text, "pre-dump"));
}

RUN(TEST(reads_values_with_one_dash_or_two_and_with_equals),
    TEST(reads_flags_alone_together_and_as_go_writes_them),
    TEST(takes_the_word_after_an_option_whatever_it_looks_like),
    TEST(says_that_a_flag_needs_an_argument_as_go_does),
    TEST(names_an_option_that_it_does_not_know), TEST(refuses_by_name_what_it_cannot_do),
    TEST(ignores_what_is_documented_as_ignored),
    TEST(leaves_the_options_of_the_program_to_the_program), TEST(reads_numbers_and_lists),
    TEST(shows_help_for_what_has_an_effect))
