#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/kernel/fdinfo-timerfd.h"
#include "engine/kernel/scan.h"
#include "runtime/base/err.h"

static bool take_clock(const char **at, void *to)
{
	return scan_s32(at, to);
}

static bool take_ticks(const char **at, void *to)
{
	return scan_u64(at, 10, to);
}

static bool take_flags(const char **at, void *to)
{
	return scan_u32(at, 8, to);
}

/* "(seconds, nanoseconds)" */
static bool take_time(const char **at, void *to)
{
	struct timespec *time = to;
	int64_t sec, nsec;

	if (!scan_lit(at, "(") || !scan_s64(at, &sec) || !scan_lit(at, ", ") ||
	    !scan_s64(at, &nsec) || !scan_lit(at, ")"))
		return false;
	if (sec < 0 || nsec < 0 || nsec >= 1000000000)
		return false;
	*time = (struct timespec){.tv_sec = sec, .tv_nsec = nsec};
	return true;
}

static const struct line {
	const char *key;
	bool (*take)(const char **at, void *to);
	size_t offset;
} lines[] = {
	{"clockid: ", take_clock, offsetof(struct timerfd_state, clock)},
	{"ticks: ", take_ticks, offsetof(struct timerfd_state, ticks)},
	{"settime flags: ", take_flags, offsetof(struct timerfd_state, flags)},
	{"it_value: ", take_time, offsetof(struct timerfd_state, value)},
	{"it_interval: ", take_time, offsetof(struct timerfd_state, interval)},
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

int fdinfo_timerfd_parse(const char *text, struct timerfd_state *ret, struct err *err)
{
	struct timerfd_state state = {};
	unsigned int seen = 0;

	for (const char *at = text; *at; scan_line(&at)) {
		for (unsigned int i = 0; i < LINES; i++) {
			if (!scan_lit(&at, lines[i].key))
				continue;
			if (!lines[i].take(&at, (char *)&state + lines[i].offset))
				return fail(err, -EPROTO, "timerfd %s\"%.20s\" is malformed",
					    lines[i].key, at);
			seen |= 1U << i;
			break;
		}
	}
	for (unsigned int i = 0; i < LINES; i++)
		if (!(seen & 1U << i))
			return fail(err, -EPROTO, "fdinfo has no line %s", lines[i].key);
	*ret = state;
	return 0;
}
