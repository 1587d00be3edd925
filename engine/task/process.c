/* process.c - what belongs to the process as a whole: umask, subreaper, membarrier
 *
 * Seen   Umask of /proc/PID/status                                            Linux 4.7
 *        PR_GET_CHILD_SUBREAPER                                               Linux 3.4
 *        MEMBARRIER_CMD_GET_REGISTRATIONS (EINVAL before: nothing is known)   Linux 6.3
 * Made   umask(2), prctl(2), membarrier(2) with each command registered.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum { MEMBARRIER_GET_REGISTRATIONS = 1 << 9 }; /* younger than our headers */

static int process_look(struct task_seen *seen, struct err *err)
{
	FsEntry *fs = arena_new_struct(seen->model->arena, FsEntry);

	if (!fs)
		return fail(err, -ENOMEM, "umask");
	fs_entry__init(fs);
	fs->has_umask = true;
	fs->umask = seen->status->umask;
	seen->task->fs = fs;
	return 0;
}

static void process_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, sizeof(int));
	calls_add(seen->calls, "prctl(PR_GET_CHILD_SUBREAPER)", SYS_prctl,
		  PR_GET_CHILD_SUBREAPER, seen->note->at[0]);
	seen->note->call[0] = calls_add(seen->calls, "membarrier", SYS_membarrier,
					MEMBARRIER_GET_REGISTRATIONS, 0, 0);
	calls_may_fail(seen->calls, seen->note->call[0]);
}

static int process_answer(struct task_seen *seen, struct err *err)
{
	TaskCoreEntry *tc = seen->thread->core->tc;
	int64_t registered = calls_ret(seen->calls, seen->note->call[0]);

	(void)err;
	tc->has_child_subreaper = true;
	tc->child_subreaper = *(const int *)calls_at(seen->calls, seen->note->at[0]) != 0;
	tc->has_membarrier_registration_mask = registered > 0;
	if (registered > 0)
		tc->membarrier_registration_mask = (uint32_t)registered;
	return 0;
}

static int process_give(struct task_given *given, struct err *err)
{
	const TaskCoreEntry *tc = given->thread->core->tc;

	(void)err;
	if (given->task->fs && given->task->fs->has_umask)
		calls_add(given->calls, "umask", SYS_umask, given->task->fs->umask);
	if (tc->child_subreaper)
		calls_add(given->calls, "prctl(PR_SET_CHILD_SUBREAPER)", SYS_prctl,
			  PR_SET_CHILD_SUBREAPER, 1);
	for (uint32_t bit = 1; bit && tc->has_membarrier_registration_mask; bit <<= 1)
		if (tc->membarrier_registration_mask & bit)
			calls_add(given->calls, "membarrier", SYS_membarrier, bit, 0, 0);
	return 0;
}

const struct task_room room_process = {
	.name = "process",
	.scope = EACH_PROCESS,
	.look = process_look,
	.ask = process_ask,
	.answer = process_answer,
	.give = process_give,
};
