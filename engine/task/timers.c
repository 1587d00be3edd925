/* timers.c - alarms: the three interval timers and POSIX timers
 *
 * Seen   getitimer(2), timer_gettime(2), timer_getoverrun(2) from inside; the list with its
 *        notifications in /proc/PID/timers                                    Linux 3.10
 * Made   setitimer(2); timer_create(2) with the old id: PR_TIMER_CREATE_RESTORE_IDS
 *        (Linux 6.15), before that ids count up from 0 in a new process, so those not wanted
 *        are made and deleted; timer_settime(2).
 * Lost   of a timer that has rung and whose signal nobody has taken yet, how often it rang since
 *        (the kernel tells only who takes the signal): it rings once at restore (ring.h).
 * Refused  a timer on a clock that belongs to a descriptor or another process.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "engine/kernel/timers.h"
#include "engine/task/ring.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum {
	TIMERS_MAX = 128,              /* of a process; more is a refusal */
	TIMER_CREATE_RESTORE_IDS = 77, /* younger than our headers */
	OLD_IDS_MAX = 400,
	NOTIFY_KIND = 7, /* sigev_notify without its flag */
	CLOCK_KIND = 7,
	CLOCK_OF_DESCRIPTOR = 3,
	CLOCK_OF_THREAD = 4,
};

/* struct sigevent as the kernel has it */
struct event {
	uint64_t value;
	int32_t signo, notify, tid, pad[11];
};
_Static_assert(sizeof(struct event) == 64, "struct sigevent has 64 bytes");

/* is_own_clock() - consumed time of this process or one of its threads.  A negative clock id is made
 * of a pid or tid (0: of who made the timer), and CLOCK_OF_THREAD; 3 is that of a descriptor.
 * Whose clock 0 means is known if there is only one thread. */
static bool is_own_clock(const struct task *task, int clock)
{
	pid_t of = ~(clock >> 3);

	if ((clock & CLOCK_KIND) == CLOCK_OF_DESCRIPTOR)
		return false;
	if (!(clock & CLOCK_OF_THREAD))
		return of == 0 || of == task->vpid;
	for (size_t i = 0; i < task->n_threads; i++)
		if (task->thread[i].vtid == of)
			return true;
	return of == 0 && task->n_threads == 1;
}

static int look_one(struct task_seen *seen, const struct timers_timer *t, PosixTimerEntry *e,
		    struct err *err)
{
	const struct task *task = seen->task;

	posix_timer_entry__init(e);
	if (t->clock < 0 && !is_own_clock(task, t->clock))
		return refuse(err,
			      "timer %d runs on the clock of a descriptor, or of another task",
			      t->id);
	e->it_id = (uint32_t)t->id;
	e->clock_id = (uint32_t)t->clock;
	e->si_signo = (uint32_t)t->signal;
	e->it_sigev_notify = (uint32_t)t->notify;
	e->sival_ptr = t->value;
	for (size_t i = 0; t->notify & SIGEV_THREAD_ID && i < task->n_threads; i++)
		if (task->thread[i].tid == t->target) {
			e->has_notify_thread_id = true;
			e->notify_thread_id = task->thread[i].vtid;
		}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct timers_timer *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int look_posix(struct task_seen *seen, TaskTimersEntry *all, struct err *err)
{
	struct arena *arena = seen->model->arena;
	struct timers timers;

	int r = timers_read(seen->task->pid, arena, &timers, err);
	if (r < 0)
		return r;
	qsort(timers.timer, timers.n, sizeof(timers.timer[0]), by_id);
	if (timers.n > TIMERS_MAX)
		return refuse(err, "%zu timers are more than %d", timers.n, TIMERS_MAX);
	all->posix = arena_alloc(arena, timers.n * sizeof(PosixTimerEntry *));
	for (size_t i = 0; i < timers.n; i++) {
		PosixTimerEntry *e = arena_new_struct(arena, PosixTimerEntry);

		if (!e || !all->posix)
			return fail(err, -ENOMEM, "timers");
		all->posix[all->n_posix++] = e;
		r = look_one(seen, &timers.timer[i], e, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int timers_look(struct task_seen *seen, struct err *err)
{
	struct arena *arena = seen->model->arena;
	TaskTimersEntry *all = arena_new_struct(arena, TaskTimersEntry);
	ItimerEntry *e = arena_alloc(arena, 3 * sizeof(*e));

	if (!all || !e)
		return fail(err, -ENOMEM, "timers");
	task_timers_entry__init(all);
	for (int i = 0; i < 3; i++)
		itimer_entry__init(&e[i]);
	all->real = &e[ITIMER_REAL];
	all->virt = &e[ITIMER_VIRTUAL];
	all->prof = &e[ITIMER_PROF];
	seen->thread->core->tc->timers = all;
	return look_posix(seen, all, err);
}

static void timers_ask(struct task_seen *seen)
{
	const TaskTimersEntry *all = seen->thread->core->tc->timers;

	seen->note->at[0] = calls_room(seen->calls, 3 * sizeof(struct itimerval));
	for (uint64_t i = 0; i < 3; i++)
		calls_add(seen->calls, "getitimer", SYS_getitimer, i,
			  seen->note->at[0] + i * sizeof(struct itimerval));
	seen->note->at[1] = calls_room(seen->calls, all->n_posix * sizeof(struct itimerspec));
	for (size_t i = 0; i < all->n_posix; i++) {
		uint64_t id = all->posix[i]->it_id;

		calls_add(seen->calls, "timer_gettime", SYS_timer_gettime, id,
			  seen->note->at[1] + i * sizeof(struct itimerspec));
		unsigned int c =
			calls_add(seen->calls, "timer_getoverrun", SYS_timer_getoverrun, id);
		if (!i)
			seen->note->call[0] = c;
	}
}

static int timers_answer(struct task_seen *seen, struct err *err)
{
	TaskTimersEntry *all = seen->thread->core->tc->timers;
	const struct itimerval *it = calls_at(seen->calls, seen->note->at[0]);
	const struct itimerspec *ts = calls_at(seen->calls, seen->note->at[1]);
	ItimerEntry *const e[] = {all->real, all->virt, all->prof};

	(void)err;
	for (int i = 0; i < 3; i++) {
		e[i]->isec = (uint64_t)it[i].it_interval.tv_sec;
		e[i]->iusec = (uint64_t)it[i].it_interval.tv_usec;
		e[i]->vsec = (uint64_t)it[i].it_value.tv_sec;
		e[i]->vusec = (uint64_t)it[i].it_value.tv_usec;
	}
	for (size_t i = 0; i < all->n_posix; i++) {
		PosixTimerEntry *p = all->posix[i];

		p->isec = (uint64_t)ts[i].it_interval.tv_sec;
		p->insec = (uint64_t)ts[i].it_interval.tv_nsec;
		p->vsec = (uint64_t)ts[i].it_value.tv_sec;
		p->vnsec = (uint64_t)ts[i].it_value.tv_nsec;
		p->overrun = (uint32_t)calls_ret(seen->calls,
						 seen->note->call[0] + 2 * (unsigned int)i);
	}
	return 0;
}

static void give_interval(struct task_given *given, uint64_t which, const ItimerEntry *e)
{
	struct itimerval it = {
		.it_interval = {(time_t)e->isec, (suseconds_t)e->iusec},
		.it_value = {(time_t)e->vsec, (suseconds_t)e->vusec},
	};

	/* with its signal pending it stands still, and goes on when that is taken: it rings at
	 * once, into the signal that pends */
	if (!e->vsec && !e->vusec)
		it.it_value.tv_usec = e->isec || e->iusec;
	if (it.it_value.tv_sec || it.it_value.tv_usec)
		calls_add(given->calls, "setitimer", SYS_setitimer, which,
			  calls_data(given->calls, &it, sizeof(it)), 0);
}

static void give_create(struct task_given *given, const PosixTimerEntry *e)
{
	struct event event = {
		.value = e->sival_ptr,
		.signo = (int32_t)e->si_signo,
		.notify = (int32_t)e->it_sigev_notify,
		.tid = e->has_notify_thread_id ? e->notify_thread_id : 0,
	};
	int32_t id = (int32_t)e->it_id;

	/* the kernel lists a notification by signal to the process as "signal/pid" too */
	if (!(event.notify & SIGEV_THREAD_ID) && (event.notify & NOTIFY_KIND) == SIGEV_SIGNAL)
		event.notify = SIGEV_SIGNAL;
	calls_add(given->calls, "timer_create", SYS_timer_create, e->clock_id,
		  calls_data(given->calls, &event, sizeof(event)),
		  calls_data(given->calls, &id, sizeof(id)));
}

static void give_set(struct task_given *given, const PosixTimerEntry *e)
{
	struct itimerspec ts = {
		.it_interval = {(time_t)e->isec, (long)e->insec},
		.it_value = {(time_t)e->vsec, (long)e->vnsec},
	};

	if (ring_is_pending(given->task, e->it_id))
		ts.it_value = (struct timespec){.tv_nsec = 1};
	if (ts.it_value.tv_sec || ts.it_value.tv_nsec)
		calls_add(given->calls, "timer_settime", SYS_timer_settime, e->it_id, 0,
			  calls_data(given->calls, &ts, sizeof(ts)), 0);
}

static bool makes_ids_to_order(void)
{
	if (prctl(TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0) < 0)
		return false;
	prctl(TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
	return true;
}

/* make_by_counting() - ids come in ascending order: make all up to the last one wanted */
static int make_by_counting(struct task_given *given, const TaskTimersEntry *all,
			    struct err *err)
{
	struct event none = {.notify = SIGEV_NONE};
	uint32_t made = 0;

	for (size_t i = 0; i < all->n_posix; i++) {
		const PosixTimerEntry *e = all->posix[i];

		if (e->it_id < made || e->it_id >= OLD_IDS_MAX)
			return refuse(err, "timer id %u cannot be made before Linux 6.15",
				      e->it_id);
		for (; made < e->it_id; made++) {
			int r = task_give_room(given, 2, 128, err);
			if (r < 0)
				return r;
			uint64_t event = calls_data(given->calls, &none, sizeof(none));

			calls_add(given->calls, "timer_create", SYS_timer_create,
				  CLOCK_MONOTONIC, event,
				  calls_room(given->calls, sizeof(int)));
			calls_add(given->calls, "timer_delete", SYS_timer_delete, made);
		}
		give_create(given, e);
		made++;
	}
	return 0;
}

static int make_all(struct task_given *given, const TaskTimersEntry *all, struct err *err)
{
	if (!all->n_posix)
		return 0;
	if (!makes_ids_to_order())
		return make_by_counting(given, all, err);
	calls_add(given->calls, "prctl(PR_TIMER_CREATE_RESTORE_IDS)", SYS_prctl,
		  TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0);
	for (size_t i = 0; i < all->n_posix; i++)
		give_create(given, all->posix[i]);
	calls_add(given->calls, "prctl(PR_TIMER_CREATE_RESTORE_IDS)", SYS_prctl,
		  TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
	return 0;
}

static int timers_give(struct task_given *given, struct err *err)
{
	const TaskTimersEntry *all = given->thread->core->tc->timers;

	if (!all)
		return 0;
	int r = make_all(given, all, err);
	if (r < 0)
		return r;
	give_interval(given, ITIMER_REAL, all->real);
	give_interval(given, ITIMER_VIRTUAL, all->virt);
	give_interval(given, ITIMER_PROF, all->prof);
	for (size_t i = 0; i < all->n_posix; i++)
		give_set(given, all->posix[i]);
	return 0;
}

const struct task_room room_timers = {
	.name = "timers",
	.scope = EACH_PROCESS,
	.look = timers_look,
	.ask = timers_ask,
	.answer = timers_answer,
	.give = timers_give,
};
