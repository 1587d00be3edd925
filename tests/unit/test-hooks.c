/* test-hooks.c - what a hook is given, and what is said when it does not work */
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "hooks/hooks.h"
#include "hooks/tail.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static struct arena *arena; /* of hooks and of what they wrote */
static char folder[] = "/tmp/ckrun-test-XXXXXX";

enum { WORDS = 6 };

struct sh { /* a hook that is a line of shell */
	struct oci_hook hook;
	char *argv[WORDS], *env[WORDS];
};

static struct oci_hook sh_hook(struct sh *sh, const char *line, const char *env)
{
	const char *const words[] = {"sh", "-c", line, "zero", "one"};

	if (!arena)
		arena = arena_new();
	*sh = (struct sh){.env = {env ? arena_strdup(arena, env) : NULL}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sh->argv[i] = arena_strdup(arena, words[i]);
	sh->hook = (struct oci_hook){.path = arena_strdup(arena, "/bin/sh"),
				     .args = {sh->argv, 5},
				     .env = {env ? sh->env : NULL, env ? 1 : 0}};
	return sh->hook;
}

static int run(struct oci_hook *hook, size_t n, enum hooks_failure failure, struct err *err)
{
	const struct oci_hook_list list = {hook, n};

	return hooks_run(&(struct hooks_request){.list = &list,
						 .kind = OCI_HOOK_CREATE_RUNTIME,
						 .state = "{\"id\":\"web\"}",
						 .dir = folder,
						 .failure = failure},
			 err);
}

static char *written(const char *name)
{
	scoped_free char *text = NULL;
	struct err err = {};
	scoped_fd int dir = open(folder, O_RDONLY | O_DIRECTORY);

	check(dir >= 0 && file_read(dir, name, &text, &err) == 0);
	return arena_strdup(arena, text);
}

static void gives_state_arguments_environment_and_folder(void)
{
	struct sh sh;
	struct err err = {};

	check(mkdtemp(folder) && setenv("OURS", "secret", 1) == 0);
	sh_hook(&sh, "cat >in; echo \"$1 $HOOK_A [$OURS] $(pwd)\" >out", "HOOK_A=b");
	check(run(&sh.hook, 1, HOOKS_STOP, &err) == 0);
	check(!strcmp(written("in"), "{\"id\":\"web\"}"));
	char want[128];
	snprintf(want, sizeof(want), "one b [] %s\n", folder);
	check(!strcmp(written("out"), want));
}

static void gives_no_descriptor_of_ours(void)
{
	struct sh sh;
	struct err err = {};

	check(mkdtemp(folder));
	check(dup2(open("/dev/null", O_RDONLY), 57) == 57); /* without O_CLOEXEC */
	sh_hook(&sh, "test ! -e /proc/$$/fd/57", NULL);
	check(run(&sh.hook, 1, HOOKS_STOP, &err) == 0);
}

static void runs_in_order_and_stops_at_the_first_failure(void)
{
	struct sh a, b, c;
	struct err err = {};
	char text[512];

	check(mkdtemp(folder));
	struct oci_hook hooks[] = {
		sh_hook(&a, "echo a >>log", NULL),
		sh_hook(&b, "echo b >>log; echo first >&2; echo no bridge >&2; exit 3", NULL),
		sh_hook(&c, "echo c >>log", NULL),
	};
	check(run(hooks, 3, HOOKS_STOP, &err) < 0);
	check(!strcmp(written("log"), "a\nb\n"));
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "hook createRuntime 2 (/bin/sh): exit status 3: no bridge"));
}

static void runs_all_when_told_and_names_the_first_failure(void)
{
	struct sh a, b, c;
	struct err err = {};
	char text[512];

	check(mkdtemp(folder));
	struct oci_hook hooks[] = {
		sh_hook(&a, "echo a >>log", NULL),
		sh_hook(&b, "echo b >>log; kill -9 $$", NULL),
		sh_hook(&c, "echo c >>log; exit 1", NULL),
	};
	check(run(hooks, 3, HOOKS_GO_ON, &err) < 0);
	check(!strcmp(written("log"), "a\nb\nc\n"));
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "hook createRuntime 2 (/bin/sh): killed by SIGKILL"));
}

static void kills_a_hook_and_its_children_when_the_time_is_over(void)
{
	struct sh sh;
	struct err err = {};
	char text[512];
	struct timespec start, end;

	check(mkdtemp(folder));
	sh_hook(&sh, "(sleep 3; echo late >late) & sleep 100", NULL);
	sh.hook.timeout = (struct oci_opt_i64){true, 1};
	clock_gettime(CLOCK_MONOTONIC, &start);
	check(run(&sh.hook, 1, HOOKS_STOP, &err) == -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	check(end.tv_sec - start.tv_sec < 3);
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "hook createRuntime 1 (/bin/sh): not done after 1 s, killed"));
	sleep(3);
	check(chdir(folder) == 0 && access("late", F_OK) < 0);
}

static void does_not_wait_for_a_daemon_that_a_hook_leaves(void)
{
	struct sh sh;
	struct err err = {};

	check(mkdtemp(folder));
	sh_hook(&sh, "sleep 2 & exit 0", NULL);
	time_t start = time(NULL);
	check(run(&sh.hook, 1, HOOKS_STOP, &err) == 0);
	check(time(NULL) - start < 2);
}

static void survives_a_hook_that_prints_much_and_reads_nothing(void)
{
	struct sh sh;
	struct err err = {};

	check(mkdtemp(folder));
	sh_hook(&sh,
		"i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo x >&2;"
		"i=$((i+1)); done; exit 1",
		NULL);
	check(run(&sh.hook, 1, HOOKS_STOP, &err) == -ECANCELED);
}

static void says_that_the_program_is_missing(void)
{
	char path[] = "/nowhere/hook";
	struct oci_hook hook = {.path = path};
	struct err err = {};
	char text[512];

	check(mkdtemp(folder));
	check(run(&hook, 1, HOOKS_STOP, &err) == -ENOENT);
	check(!strcmp(
		err_text(&err, text, sizeof(text)),
		"hook createRuntime 1 (/nowhere/hook): execute: No such file or directory"));
}

static void keeps_the_last_line_that_says_something(void)
{
	struct tail tail = {};

	tail_add(&tail, "one\ntw", 6);
	check(!strcmp(tail_line(&tail), "tw"));
	tail_add(&tail, "o\n\n\n", 4);
	check(!strcmp(tail_line(&tail), "two"));
	for (int i = 0; i < 1000; i++)
		tail_add(&tail, "\ty", 2);
	check(strlen(tail_line(&tail)) == TAIL_MAX && tail_line(&tail)[0] == ' ');
}

RUN(TEST(gives_state_arguments_environment_and_folder), TEST(gives_no_descriptor_of_ours),
    TEST(runs_in_order_and_stops_at_the_first_failure),
    TEST(runs_all_when_told_and_names_the_first_failure),
    TEST(kills_a_hook_and_its_children_when_the_time_is_over),
    TEST(does_not_wait_for_a_daemon_that_a_hook_leaves),
    TEST(survives_a_hook_that_prints_much_and_reads_nothing),
    TEST(says_that_the_program_is_missing), TEST(keeps_the_last_line_that_says_something))
