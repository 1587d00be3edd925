#include <errno.h>
#include <signal.h>

#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "engine/kernel/timers.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool take_signal(const char **at, struct timers_timer *t)
{
	return scan_s32(at, &t->signal) && scan_lit(at, "/") && scan_u64(at, 16, &t->value);
}

static bool take_notify(const char **at, struct timers_timer *t)
{
	static const struct {
		const char *word;
		int32_t notify;
	} kind[] = {
		{"signal/pid.", SIGEV_SIGNAL},
		{"none/pid.", SIGEV_NONE},
		{"thread/pid.", SIGEV_THREAD},
		{"signal/tid.", SIGEV_SIGNAL | SIGEV_THREAD_ID},
		{"none/tid.", SIGEV_NONE | SIGEV_THREAD_ID},
		{"thread/tid.", SIGEV_THREAD | SIGEV_THREAD_ID},
	};

	for (size_t i = 0; i < COUNT(kind); i++) {
		if (!scan_lit(at, kind[i].word))
			continue;
		t->notify = kind[i].notify;
		return scan_s32(at, &t->target);
	}
	return false;
}

static bool take_clock(const char **at, struct timers_timer *t)
{
	return scan_s32(at, &t->clock);
}

/* The lines that follow "ID: n", in this order */
static const struct {
	const char *key;
	bool (*take)(const char **at, struct timers_timer *t);
} lines[] = {
	{"signal: ", take_signal},
	{"notify: ", take_notify},
	{"ClockID: ", take_clock},
};

static bool take_timer(const char **at, struct timers_timer *t)
{
	if (!scan_lit(at, "ID: ") || !scan_s32(at, &t->id))
		return false;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!scan_lit(at, "\n") || !scan_lit(at, lines[i].key) || !lines[i].take(at, t))
			return false;
	return scan_lit(at, "\n") || !**at;
}

int timers_parse(const char *text, struct arena *arena, struct timers *ret, struct err *err)
{
	struct timers timers = {};

	for (const char *at = text; *at; timers.n++) {
		timers.timer = arena_grow(arena, timers.timer, timers.n, sizeof(*timers.timer));
		if (!timers.timer)
			return fail(err, -ENOMEM, "no memory for timer %zu", timers.n);
		if (!take_timer(&at, &timers.timer[timers.n]))
			return fail(err, -EPROTO, "timers: \"%.20s\" is malformed", at);
	}
	*ret = timers;
	return 0;
}

int timers_read(pid_t pid, struct arena *arena, struct timers *ret, struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, 0, "timers", &text, err) < 0)
		return err->code;
	return timers_parse(text, arena, ret, err) < 0 ? fail_in(err, "process %d", pid) : 0;
}
