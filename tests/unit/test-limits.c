/* test-limits.c - limits by system call and by text */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/kernel/limits.h"
#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void text_and_system_call_agree(void)
{
	struct rlimit files = {123, 4567}, stack = {1 << 20, RLIM_INFINITY};
	struct limits a, b;
	struct err err = {};
	scoped_free char *text = NULL;

	getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = 1 << 20;
	check(!setrlimit(RLIMIT_NOFILE, &files) && !setrlimit(RLIMIT_STACK, &stack));
	check(!proc_text(getpid(), 0, "limits", &text, &err));
	check(!limits_parse(text, &a, &err) && !limits_read(getpid(), &b, &err));
	check(!memcmp(&a, &b, sizeof(a)));
	check(a.limit[RLIMIT_NOFILE].soft == 123 && a.limit[RLIMIT_NOFILE].hard == 4567);
	check(a.limit[RLIMIT_STACK].soft == 1 << 20);
}

static void reads_a_process_of_another_user(void)
{
	struct rlimit files = {99, 100};
	struct limits limits = {};
	struct err err = {};
	int ready[2];
	char c = 0;

	check(!pipe(ready));
	pid_t pid = fork();
	if (!pid) {
		if (setrlimit(RLIMIT_NOFILE, &files) || setresuid(65534, 65534, 65534))
			exit(1);
		check(write(ready[1], &c, 1) == 1);
		pause();
	}
	close(ready[1]);
	int r = read(ready[0], &c, 1) == 1 ? limits_read(pid, &limits, &err) : 1;
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	if (r == 1)
		skip("setresuid(2) is not permitted");
	check(!r && limits.limit[RLIMIT_NOFILE].soft == 99);
	check(limits.limit[RLIMIT_NOFILE].hard == 100);
}

static void refuses_text_that_lacks_a_limit(void)
{
	scoped_free char *text = NULL;
	struct limits limits;
	struct err err = {};
	char why[256];

	check(!proc_text(getpid(), 0, "limits", &text, &err));
	strstr(text, "Max locked memory")[1] = 'i';
	check(limits_parse(text, &limits, &err) == -EPROTO);
	check(strstr(err_text(&err, why, sizeof(why)), "Max locked memory"));
	check(limits_parse("Max cpu time  unlimited  x\n", &limits, &err) == -EPROTO);
	check(limits_read(0x7ffffffe, &limits, &err) == -ESRCH);
}

RUN(TEST(text_and_system_call_agree), TEST(reads_a_process_of_another_user),
    TEST(refuses_text_that_lacks_a_limit))
