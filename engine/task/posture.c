/* posture.c - what a change of credentials resets, and promises that cannot be taken back
 *
 * Seen   PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_GET_THP_DISABLE, PR_GET_MDWE (Linux 6.3),
 *        from inside; NoNewPrivs of /proc/PID/status.  The end of the heap, which only brk(2)
 *        itself tells, is asked on the same visit; mem/restore sets it.
 * Made   the same, set.  dumpable 2 (set by the kernel, not by prctl) comes back by itself
 *        with the credentials.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "runtime/base/err.h"

enum { SET_MDWE = 65, GET_MDWE = 66 }; /* younger than our headers */

static void posture_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, sizeof(int));
	calls_add(seen->calls, "prctl(PR_GET_PDEATHSIG)", SYS_prctl, PR_GET_PDEATHSIG,
		  seen->note->at[0]);
	seen->note->call[0] =
		calls_add(seen->calls, "prctl(PR_GET_DUMPABLE)", SYS_prctl, PR_GET_DUMPABLE);
	seen->note->call[1] = calls_add(seen->calls, "prctl(PR_GET_THP_DISABLE)", SYS_prctl,
					PR_GET_THP_DISABLE);
	seen->note->call[2] = calls_add(seen->calls, "prctl(PR_GET_MDWE)", SYS_prctl, GET_MDWE);
	calls_may_fail(seen->calls, seen->note->call[2]);
	seen->note->call[3] = calls_add(seen->calls, "brk", SYS_brk, 0);
}

static int posture_answer(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	MmEntry *mm = seen->task->mm;
	int64_t mdwe = calls_ret(seen->calls, seen->note->call[2]);

	(void)err;
	core->has_pdeath_sig = true;
	core->pdeath_sig = *(const uint32_t *)calls_at(seen->calls, seen->note->at[0]);
	if (!mm || seen->thread != &seen->task->thread[0])
		return 0;
	mm->mm_brk = (uint64_t)calls_ret(seen->calls, seen->note->call[3]);
	mm->has_dumpable = true;
	mm->dumpable = (int32_t)calls_ret(seen->calls, seen->note->call[0]);
	mm->has_thp_disabled = true;
	mm->thp_disabled = calls_ret(seen->calls, seen->note->call[1]) != 0;
	mm->has_mdwe = mdwe > 0;
	mm->mdwe = mdwe > 0 ? (uint32_t)mdwe : 0;
	return 0;
}

static void give_mm(struct task_given *given, const MmEntry *mm)
{
	if (mm->has_dumpable && (mm->dumpable == 0 || mm->dumpable == 1))
		calls_add(given->calls, "prctl(PR_SET_DUMPABLE)", SYS_prctl, PR_SET_DUMPABLE,
			  (uint64_t)mm->dumpable);
	if (mm->thp_disabled)
		calls_add(given->calls, "prctl(PR_SET_THP_DISABLE)", SYS_prctl,
			  PR_SET_THP_DISABLE, 1);
	if (mm->mdwe)
		calls_add(given->calls, "prctl(PR_SET_MDWE)", SYS_prctl, SET_MDWE, mm->mdwe);
}

static int posture_give(struct task_given *given, struct err *err)
{
	const ThreadCoreEntry *core = given->thread->core->thread_core;

	(void)err;
	if (core->pdeath_sig)
		calls_add(given->calls, "prctl(PR_SET_PDEATHSIG)", SYS_prctl, PR_SET_PDEATHSIG,
			  core->pdeath_sig);
	if (core->creds && core->creds->no_new_privs)
		calls_add(given->calls, "prctl(PR_SET_NO_NEW_PRIVS)", SYS_prctl,
			  PR_SET_NO_NEW_PRIVS, 1);
	if (given->task->mm && given->thread == &given->task->thread[0])
		give_mm(given, given->task->mm);
	return 0;
}

const struct task_room room_posture = {
	.name = "posture",
	.scope = EACH_THREAD,
	.ask = posture_ask,
	.answer = posture_answer,
	.give = posture_give,
};
