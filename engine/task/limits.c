/* limits.c - resource limits and the score for the killer of memory hogs
 *
 * Seen   prlimit(2) from inside: from outside it needs CAP_SYS_RESOURCE for another user's
 *        task.  /proc/PID/oom_score_adj.
 * Made   prlimit(2) from inside while privileged; the score from outside.
 * Lost   a score below ckrun's own is a warning where CAP_SYS_RESOURCE is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { LIMITS = 16 };

static int read_score(pid_t pid, int32_t *ret, struct err *err)
{
	scoped_free char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	int r = file_read(AT_FDCWD, path, &text, err);
	if (r >= 0)
		*ret = (int32_t)strtol(text, NULL, 10);
	return r;
}

static int limits_look(struct task_seen *seen, struct err *err)
{
	TaskCoreEntry *tc = seen->thread->core->tc;

	tc->has_oom_score_adj = true;
	return read_score(seen->task->pid, &tc->oom_score_adj, err);
}

static void limits_ask(struct task_seen *seen)
{
	seen->note->at[0] = calls_room(seen->calls, LIMITS * sizeof(struct rlimit));
	for (uint64_t i = 0; i < LIMITS; i++)
		calls_add(seen->calls, "prlimit", SYS_prlimit64, 0, i, 0,
			  seen->note->at[0] + i * sizeof(struct rlimit));
}

static int limits_answer(struct task_seen *seen, struct err *err)
{
	const struct rlimit *got = calls_at(seen->calls, seen->note->at[0]);
	struct arena *arena = seen->model->arena;
	TaskRlimitsEntry *all = arena_new_struct(arena, TaskRlimitsEntry);
	RlimitEntry *e = arena_alloc(arena, LIMITS * sizeof(*e));
	RlimitEntry **list = arena_alloc(arena, LIMITS * sizeof(RlimitEntry *));

	if (!all || !e || !list)
		return fail(err, -ENOMEM, "limits");
	task_rlimits_entry__init(all);
	for (size_t i = 0; i < LIMITS; i++) {
		rlimit_entry__init(&e[i]);
		e[i].cur = got[i].rlim_cur;
		e[i].max = got[i].rlim_max;
		list[i] = &e[i];
	}
	all->rlimits = list;
	all->n_rlimits = LIMITS;
	seen->thread->core->tc->rlimits = all;
	return 0;
}

static void give_score(struct task_given *given)
{
	const TaskCoreEntry *tc = given->thread->core->tc;
	struct err why = {};
	char path[64], value[16], text[256];
	int32_t now;

	if (!tc->has_oom_score_adj ||
	    (read_score(given->task->pid, &now, &why) >= 0 && now == tc->oom_score_adj))
		return;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", given->task->pid);
	snprintf(value, sizeof(value), "%d", tc->oom_score_adj);
	if (file_write(AT_FDCWD, path, value, &why) < 0)
		model_warn(given->model, "%s: oom_score_adj stays %d instead of %d: %s",
			   model_task_name(given->model, given->task), now, tc->oom_score_adj,
			   err_text(&why, text, sizeof(text)));
}

static int limits_give(struct task_given *given, struct err *err)
{
	const TaskRlimitsEntry *all = given->thread->core->tc->rlimits;

	(void)err;
	for (size_t i = 0; all && i < all->n_rlimits && i < LIMITS; i++) {
		struct rlimit limit = {all->rlimits[i]->cur, all->rlimits[i]->max};

		calls_add(given->calls, "prlimit", SYS_prlimit64, 0, i,
			  calls_data(given->calls, &limit, sizeof(limit)), 0);
	}
	give_score(given);
	return 0;
}

const struct task_room room_limits = {
	.name = "limits",
	.scope = EACH_PROCESS,
	.look = limits_look,
	.ask = limits_ask,
	.answer = limits_answer,
	.give = limits_give,
};
