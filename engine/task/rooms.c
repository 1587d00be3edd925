/* rooms.c - the table of contents of this folder, in the order of giving back
 *
 * What needs privileges stands before creds, which ends them: seccomp filters too (without
 * no_new_privs they need CAP_SYS_ADMIN), which do not judge our calls while we trace.  What a
 * change of credentials resets (dumpable, death signal) stands after it.  Timers run from the
 * moment they are set, so they stand late.  thread looks before regs: it may move rip.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "engine/task/room.h"
#include "runtime/base/err.h"

extern const struct task_room room_refused, room_thread, room_regs, room_exit, room_sched,
	room_signals, room_limits, room_process, room_seccomp, room_creds, room_posture,
	room_timers, room_pending, room_children;

static const struct task_room *const rooms[] = {
	&room_refused, &room_thread, &room_regs,    &room_exit,     &room_sched,
	&room_signals, &room_limits, &room_process, &room_seccomp,  &room_creds,
	&room_posture, &room_timers, &room_pending, &room_children,
};

enum {
	N_ROOMS = sizeof(rooms) / sizeof(rooms[0]),
	/* what a room may need at once: the groups of a user (65536), all signals, 128 timers */
	ROOM_CALLS = 300,
	ROOM_PAYLOAD = 300 << 10,
};

static bool concerns(const struct task_room *room, const struct task *task,
		     const struct thread *thread)
{
	return room->scope == EACH_THREAD || thread == &task->thread[0];
}

int task_look(struct task_seen *seen, struct err *err)
{
	for (size_t i = 0; i < N_ROOMS; i++)
		if (rooms[i]->look && concerns(rooms[i], seen->task, seen->thread) &&
		    rooms[i]->look(seen, err) < 0)
			return fail_in(err, "%s", rooms[i]->name);
	return 0;
}

int task_ask(struct task_seen *seen, struct err *err)
{
	struct room_note note[N_ROOMS];

	memset(note, 0, sizeof(note));
	calls_start(seen->calls, seen->task->plant);
	for (size_t i = 0; i < N_ROOMS; i++) {
		seen->note = &note[i];
		if (rooms[i]->ask && concerns(rooms[i], seen->task, seen->thread))
			rooms[i]->ask(seen);
	}
	int r = calls_run(seen->calls, seen->thread->tid, err);
	for (size_t i = 0; i < N_ROOMS && r >= 0; i++) {
		seen->note = &note[i];
		if (rooms[i]->answer && concerns(rooms[i], seen->task, seen->thread) &&
		    rooms[i]->answer(seen, err) < 0)
			return fail_in(err, "%s", rooms[i]->name);
	}
	return r;
}

int task_give_room(struct task_given *given, unsigned int n, size_t size, struct err *err)
{
	if (calls_left(given->calls, n, size))
		return 0;
	int r = calls_run(given->calls, given->thread->tid, err);
	calls_start(given->calls, given->task->plant);
	return r;
}

static int give_one(const struct task_room *room, struct task_given *given, struct err *err)
{
	int r = task_give_room(given, ROOM_CALLS, ROOM_PAYLOAD, err);

	return r < 0 ? r : room->give(given, err);
}

int task_give(struct task_given *given, struct err *err)
{
	calls_start(given->calls, given->task->plant);
	for (size_t i = 0; i < N_ROOMS; i++)
		if (rooms[i]->give && concerns(rooms[i], given->task, given->thread) &&
		    give_one(rooms[i], given, err) < 0)
			return fail_in(err, "%s", rooms[i]->name);
	return calls_run(given->calls, given->thread->tid, err);
}

int task_impose(struct task_given *given, struct err *err)
{
	for (size_t i = N_ROOMS; i-- > 0;)
		if (rooms[i]->impose && concerns(rooms[i], given->task, given->thread) &&
		    rooms[i]->impose(given, err) < 0)
			return fail_in(err, "%s", rooms[i]->name);
	return 0;
}
