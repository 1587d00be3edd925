#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "engine/kernel/fdinfo-lock.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

struct word {
	const char *text;
	int value;
};

/* The next word and the blanks around it: its value in a table, or that of the last row. */
static int take_word(const char **at, const struct word *table)
{
	size_t len;
	const char *word;

	scan_blanks(at);
	word = scan_word(at, &len);
	scan_blanks(at);
	while (table->text &&
	       (strlen(table->text) != len || memcmp(table->text, word, len) != 0))
		table++;
	return table->value;
}

static bool take_range(const char **at, struct file_lock *l)
{
	if (!scan_s64(at, &l->start) || !scan_lit(at, " "))
		return false;
	l->end = INT64_MAX;
	return scan_lit(at, "EOF") || scan_s64(at, &l->end);
}

/* "1: POSIX  ADVISORY  WRITE 7 fe:00:12 5 14" */
static bool take_lock(const char **at, struct file_lock *l)
{
	static const struct word kinds[] = {
		{"FLOCK", LOCK_FLOCK}, {"POSIX", LOCK_POSIX}, {"OFDLCK", LOCK_OFD},
		{"LEASE", LOCK_LEASE}, {NULL, LOCK_OTHER},
	};
	static const struct word modes[] = {{"BREAKING", 0}, {"BREAKER", 0}, {NULL, 1}};
	static const struct word types[] = {
		{"READ", F_RDLCK},
		{"WRITE", F_WRLCK},
		{"UNLCK", F_UNLCK},
		{NULL, -1},
	};
	uint32_t number, major, minor;

	scan_blanks(at);
	if (!scan_u32(at, 10, &number) || !scan_lit(at, ":"))
		return false;
	l->kind = (enum lock_kind)take_word(at, kinds);
	l->active = take_word(at, modes);
	l->type = (int16_t)take_word(at, types);
	if (l->type < 0 || !scan_s32(at, &l->pid) || !scan_lit(at, " ") ||
	    !scan_u32(at, 16, &major) || !scan_lit(at, ":") || !scan_u32(at, 16, &minor) ||
	    !scan_lit(at, ":") || !scan_u64(at, 10, &l->ino) || !scan_lit(at, " "))
		return false;
	l->dev = makedev(major, minor);
	return take_range(at, l);
}

int fdinfo_lock_parse(const char *text, struct arena *arena, struct file_locks *ret,
		      struct err *err)
{
	struct file_locks list = {};

	for (const char *at = text; *at; scan_line(&at)) {
		const char *line = at;

		if (!scan_lit(&at, "lock:"))
			continue;
		list.lock = arena_grow(arena, list.lock, list.n, sizeof(*list.lock));
		if (!list.lock)
			return fail(err, -ENOMEM, "no memory for lock %zu", list.n);
		if (!take_lock(&at, &list.lock[list.n]))
			return fail(err, -EPROTO, "\"%.60s\" is malformed", line);
		list.n++;
	}
	*ret = list;
	return 0;
}
