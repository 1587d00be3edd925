/* exit.c - what others will see of the process when it ends, and its execution domain
 *
 * Seen   exit_signal, exit_code, flags: /proc/PID/stat; personality: /proc/PID/personality.
 * Made   exit_signal is an argument of clone3(2) (restore/grow); personality(2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

static int exit_look(struct task_seen *seen, struct err *err)
{
	TaskCoreEntry *tc = seen->thread->core->tc;
	scoped_free char *text = NULL;
	char path[64];

	tc->flags = seen->stat->flags;
	tc->exit_code = (uint32_t)seen->stat->exit_code;
	tc->has_exit_signal = true;
	tc->exit_signal = (uint32_t)seen->stat->exit_signal;
	snprintf(path, sizeof(path), "/proc/%d/personality", seen->task->pid);
	int r = file_read(AT_FDCWD, path, &text, err);
	if (r < 0)
		return r;
	tc->personality = (uint32_t)strtoul(text, NULL, 16);
	return 0;
}

static int exit_give(struct task_given *given, struct err *err)
{
	(void)err;
	calls_add(given->calls, "personality", SYS_personality,
		  given->thread->core->tc->personality);
	return 0;
}

const struct task_room room_exit = {
	.name = "exit",
	.scope = EACH_PROCESS,
	.look = exit_look,
	.give = exit_give,
};
