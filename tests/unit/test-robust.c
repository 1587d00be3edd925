/* test-robust.c - the list that a thread registered is the one that is read */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include "engine/kernel/robust.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

static struct robust_list_head head;

static void reads_the_list_of_another_process(void)
{
	struct robust_head list = {};
	struct err err = {};
	int ready[2];
	char c = 0;

	check(!pipe(ready));
	pid_t pid = fork();
	if (!pid) {
		check(!syscall(SYS_set_robust_list, &head, sizeof(head)));
		check(write(ready[1], &c, 1) == 1);
		pause();
	}
	check(read(ready[0], &c, 1) == 1);
	int r = robust_read(pid, &list, &err);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid && !r);
	check(list.head == (uintptr_t)&head && list.len == sizeof(head));
}

static void says_that_a_task_is_gone(void)
{
	struct robust_head list;
	struct err err = {};

	check(robust_read(0x7ffffffe, &list, &err) == -ESRCH && err.n);
}

RUN(TEST(reads_the_list_of_another_process), TEST(says_that_a_task_is_gone))
