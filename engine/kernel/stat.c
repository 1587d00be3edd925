#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "engine/kernel/stat.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum type { SKIP, S32, U32, U64 };

/* What follows "pid (comm) S", in the order of the line; proc(5) counts these from 4. */
#define FIELD(kind, member)                                       \
	{                                                         \
		kind, offsetof(struct stat_task, member), #member \
	}
#define UNUSED                    \
	{                         \
		SKIP, 0, "unused" \
	}
static const struct field {
	enum type type;
	size_t offset;
	const char *name;
} fields[] = {
	FIELD(S32, ppid),        FIELD(S32, pgrp),        FIELD(S32, session),
	FIELD(U32, tty_nr),      FIELD(S32, tpgid),       FIELD(U32, flags),
	UNUSED /* minflt */,     UNUSED /* cminflt */,    UNUSED /* majflt */,
	UNUSED /* cmajflt */,    FIELD(U64, utime),       FIELD(U64, stime),
	FIELD(U64, cutime),      FIELD(U64, cstime),      UNUSED /* priority */,
	FIELD(S32, nice),        FIELD(S32, num_threads), UNUSED /* itrealvalue */,
	FIELD(U64, starttime),   UNUSED /* vsize */,      UNUSED /* rss */,
	FIELD(U64, rsslim),      FIELD(U64, start_code),  FIELD(U64, end_code),
	FIELD(U64, start_stack), UNUSED /* kstkesp */,    UNUSED /* kstkeip */,
	UNUSED /* signal */,     UNUSED /* blocked */,    UNUSED /* sigignore */,
	UNUSED /* sigcatch */,   FIELD(U64, wchan),       UNUSED /* nswap */,
	UNUSED /* cnswap */,     FIELD(S32, exit_signal), FIELD(U32, processor),
	FIELD(U32, rt_priority), FIELD(U32, policy),      UNUSED /* blkio delay */,
	UNUSED /* guest */,      UNUSED /* cguest */,     FIELD(U64, start_data),
	FIELD(U64, end_data),    FIELD(U64, start_brk),   FIELD(U64, arg_start),
	FIELD(U64, arg_end),     FIELD(U64, env_start),   FIELD(U64, env_end),
	FIELD(S32, exit_code),
};

static bool take(const struct field *f, const char **at, struct stat_task *task)
{
	void *to = (char *)task + f->offset;
	int64_t negative;
	uint64_t any;

	if (!scan_lit(at, " "))
		return false;
	switch (f->type) {
	case S32:
		return scan_s32(at, to);
	case U32:
		return scan_u32(at, 10, to);
	case U64:
		return scan_u64(at, 10, to);
	case SKIP:
		break;
	}
	return scan_u64(at, 10, &any) || scan_s64(at, &negative);
}

/* "7 (a) (b" and what follows: returns the place behind ") " */
static const char *take_comm(const char *text, struct stat_task *task)
{
	const char *at = text, *end = strrchr(text, ')');

	if (!scan_s32(&at, &task->pid) || !scan_lit(&at, " (") || !end || end < at)
		return NULL;
	if ((size_t)(end - at) >= sizeof(task->comm))
		return NULL;
	memcpy(task->comm, at, (size_t)(end - at));
	return end + 1;
}

int stat_parse(const char *text, struct stat_task *ret, struct err *err)
{
	struct stat_task task = {};
	const char *at = take_comm(text, &task);

	if (!at || at[0] != ' ' || !at[1])
		return fail(err, -EPROTO, "stat has no \"pid (comm) state\"");
	task.state = at[1];
	at += 2;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!take(&fields[i], &at, &task))
			return fail(err, -EPROTO, "stat field %zu (%s) \"%.20s\" is no number",
				    i + 4, fields[i].name, at);
	*ret = task;
	return 0;
}

int stat_read(pid_t pid, pid_t tid, struct stat_task *ret, struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, tid, "stat", &text, err) < 0)
		return err->code;
	return stat_parse(text, ret, err) < 0 ? fail_in(err, "task %d", tid ? tid : pid) : 0;
}
