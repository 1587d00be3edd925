#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "engine/kernel/status.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* Each of these reads one value into its place: 1, 0 if it is malformed, -ENOMEM. */
struct value {
	const char *at; /* the text */
	void *to;
	struct arena *arena;
};
typedef int take_fn(const struct value *value);

static int take_dec(const struct value *value)
{
	const char *at = value->at;

	return scan_u32(&at, 10, value->to);
}

static int take_oct(const struct value *value)
{
	const char *at = value->at;

	return scan_u32(&at, 8, value->to);
}

static int take_hex(const struct value *value)
{
	const char *at = value->at;

	scan_lit(&at, "0x");
	return scan_u64(&at, 16, value->to);
}

static int take_letter(const struct value *value)
{
	*(char *)value->to = *value->at;
	return *value->at && *value->at != '\n';
}

static int take_true(const struct value *value)
{
	*(bool *)value->to = true;
	return 1;
}

static int take_name(const struct value *value)
{
	size_t len;
	const char *at = value->at, *from = scan_rest(&at, &len), *end = from + len;
	char *out = arena_alloc(value->arena, len + 1);

	*(char **)value->to = out;
	if (!out)
		return -ENOMEM;
	while (from < end) {
		if (from + 1 < end && from[0] == '\\' && (from[1] == 'n' || from[1] == '\\')) {
			*out++ = from[1] == 'n' ? '\n' : '\\';
			from += 2;
		} else {
			*out++ = *from++;
		}
	}
	return 1;
}

static int take_four(const struct value *value)
{
	const char *at = value->at;

	for (uint32_t *id = value->to, i = 0; i < 4; i++) {
		scan_blanks(&at);
		if (!scan_u32(&at, 10, &id[i]))
			return 0;
	}
	return 1;
}

static int take_ids(const struct value *value)
{
	struct status_ids list = {};
	const char *at = value->at;

	for (uint32_t id; scan_u32(&at, 10, &id); scan_blanks(&at)) {
		list.id = arena_grow(value->arena, list.id, list.n, sizeof(*list.id));
		if (!list.id)
			return -ENOMEM;
		list.id[list.n++] = id;
	}
	*(struct status_ids *)value->to = list;
	return *at == '\n' || !*at;
}

static int take_queue(const struct value *value)
{
	const char *at = value->at;
	uint64_t *pair = value->to;

	return scan_u64(&at, 10, &pair[0]) && scan_lit(&at, "/") && scan_u64(&at, 10, &pair[1]);
}

/* "3,ffffffff": words of 32 bits, the highest first */
static int take_cpus(const struct value *value)
{
	struct status_cpus cpus = {.n = 1};
	size_t len;
	const char *at = value->at, *copy = at, *text = scan_word(&copy, &len);

	for (size_t i = 0; i < len; i++)
		cpus.n += text[i] == ',';
	cpus.word = arena_alloc(value->arena, cpus.n * sizeof(*cpus.word));
	if (!cpus.word)
		return -ENOMEM;
	for (uint32_t i = cpus.n; i-- > 0; scan_lit(&at, ","))
		if (!scan_u32(&at, 16, &cpus.word[i]))
			return 0;
	*(struct status_cpus *)value->to = cpus;
	return at == text + len;
}

static int take_features(const struct value *value)
{
	const char *at = value->at;
	size_t len;

	for (const char *word; word = scan_word(&at, &len), len; scan_blanks(&at)) {
		if (len == 5 && !memcmp(word, "shstk", 5))
			*(uint32_t *)value->to |= STATUS_SHSTK;
		if (len == 4 && !memcmp(word, "wrss", 4))
			*(uint32_t *)value->to |= STATUS_WRSS;
	}
	return 1;
}

/* In the order of the kernel, which makes each look-up succeed at the first row. */
#define LINE(key, take, member)                                            \
	{                                                                  \
		key ":", take, offsetof(struct status_task, member), false \
	}
#define MUST(key, take, member)                                           \
	{                                                                 \
		key ":", take, offsetof(struct status_task, member), true \
	}
static const struct line {
	const char *key;
	take_fn *take;
	size_t offset;
	bool must;
} lines[] = {
	MUST("Name", take_name, name),
	LINE("Umask", take_oct, umask),
	MUST("State", take_letter, state),
	MUST("Tgid", take_dec, tgid),
	MUST("Pid", take_dec, pid),
	MUST("PPid", take_dec, ppid),
	MUST("TracerPid", take_dec, tracer),
	MUST("Uid", take_four, uid),
	MUST("Gid", take_four, gid),
	MUST("FDSize", take_dec, fd_size),
	MUST("Groups", take_ids, groups),
	LINE("NStgid", take_ids, ns_tgid),
	LINE("NSpid", take_ids, ns_pid),
	LINE("NSpgid", take_ids, ns_pgid),
	LINE("NSsid", take_ids, ns_sid),
	LINE("VmSize", take_true, has_mm),
	LINE("THP_enabled", take_dec, thp_enabled),
	LINE("untag_mask", take_hex, untag_mask),
	MUST("Threads", take_dec, threads),
	MUST("SigQ", take_queue, sig_queued),
	MUST("SigPnd", take_hex, sig_pending),
	MUST("ShdPnd", take_hex, shared_pending),
	MUST("SigBlk", take_hex, sig_blocked),
	MUST("SigIgn", take_hex, sig_ignored),
	MUST("SigCgt", take_hex, sig_caught),
	MUST("CapInh", take_hex, cap_inheritable),
	MUST("CapPrm", take_hex, cap_permitted),
	MUST("CapEff", take_hex, cap_effective),
	MUST("CapBnd", take_hex, cap_bounding),
	MUST("CapAmb", take_hex, cap_ambient),
	MUST("NoNewPrivs", take_dec, no_new_privs),
	LINE("Seccomp", take_dec, seccomp),
	LINE("Seccomp_filters", take_dec, seccomp_filters),
	LINE("Cpus_allowed", take_cpus, cpus_allowed),
	LINE("x86_Thread_features", take_features, features),
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };
_Static_assert(LINES < 64, "one bit each");

/* The row of the line at *at, looked for from row `from` on; LINES if none wants it. */
static size_t find(const char **at, size_t from)
{
	for (size_t i = 0; i < LINES; i++) {
		size_t row = (from + i) % LINES;

		if (scan_lit(at, lines[row].key))
			return row;
	}
	return LINES;
}

int status_parse(const char *text, struct arena *arena, struct status_task *ret,
		 struct err *err)
{
	struct status_task task = {.thp_enabled = 1};
	uint64_t seen = 0;
	size_t next = 0;

	for (const char *at = text; *at; scan_line(&at)) {
		size_t row = find(&at, next);
		if (row == LINES)
			continue;
		scan_blanks(&at);
		int r = lines[row].take(
			&(struct value){at, (char *)&task + lines[row].offset, arena});
		if (r < 0)
			return fail(err, r, "status: no memory");
		if (!r)
			return fail(err, -EPROTO, "status: %s \"%.20s\" is malformed",
				    lines[row].key, at);
		seen |= 1ULL << row;
		next = row + 1;
	}
	for (size_t row = 0; row < LINES; row++)
		if (lines[row].must && !(seen >> row & 1))
			return fail(err, -EPROTO, "status has no line %s", lines[row].key);
	*ret = task;
	return 0;
}

int status_read(pid_t pid, pid_t tid, struct arena *arena, struct status_task *ret,
		struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, tid, "status", &text, err) < 0)
		return err->code;
	if (status_parse(text, arena, ret, err) < 0)
		return fail_in(err, "task %d", tid ? tid : pid);
	return 0;
}
