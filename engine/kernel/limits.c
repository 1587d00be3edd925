#include <errno.h>
#include <sys/resource.h>

#include "engine/kernel/limits.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static const char *const names[LIMITS] = {
	[RLIMIT_CPU] = "Max cpu time",
	[RLIMIT_FSIZE] = "Max file size",
	[RLIMIT_DATA] = "Max data size",
	[RLIMIT_STACK] = "Max stack size",
	[RLIMIT_CORE] = "Max core file size",
	[RLIMIT_RSS] = "Max resident set",
	[RLIMIT_NPROC] = "Max processes",
	[RLIMIT_NOFILE] = "Max open files",
	[RLIMIT_MEMLOCK] = "Max locked memory",
	[RLIMIT_AS] = "Max address space",
	[RLIMIT_LOCKS] = "Max file locks",
	[RLIMIT_SIGPENDING] = "Max pending signals",
	[RLIMIT_MSGQUEUE] = "Max msgqueue size",
	[RLIMIT_NICE] = "Max nice priority",
	[RLIMIT_RTPRIO] = "Max realtime priority",
	[RLIMIT_RTTIME] = "Max realtime timeout",
};

static bool take_value(const char **at, uint64_t *ret)
{
	scan_blanks(at);
	if (scan_lit(at, "unlimited")) {
		*ret = UINT64_MAX;
		return true;
	}
	return scan_u64(at, 10, ret);
}

int limits_parse(const char *text, struct limits *ret, struct err *err)
{
	struct limits limits = {};
	uint32_t seen = 0;

	for (const char *at = text; *at; scan_line(&at)) {
		for (unsigned int i = 0; i < LIMITS; i++) {
			struct limits_pair *pair = &limits.limit[i];

			if (!scan_lit(&at, names[i]))
				continue;
			if (!take_value(&at, &pair->soft) || !take_value(&at, &pair->hard))
				return fail(err, -EPROTO, "%s \"%.20s\" is malformed", names[i],
					    at);
			seen |= 1U << i;
			break;
		}
	}
	for (unsigned int i = 0; i < LIMITS; i++)
		if (!(seen & 1U << i))
			return fail(err, -EPROTO, "limits has no line \"%s\"", names[i]);
	*ret = limits;
	return 0;
}

static int read_text(pid_t pid, struct limits *ret, struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, 0, "limits", &text, err) < 0)
		return err->code;
	return limits_parse(text, ret, err) < 0 ? fail_in(err, "process %d", pid) : 0;
}

int limits_read(pid_t pid, struct limits *ret, struct err *err)
{
	struct limits limits;

	for (int i = 0; i < LIMITS; i++) {
		struct rlimit got;

		if (prlimit(pid, (__rlimit_resource_t)i, NULL, &got) < 0)
			return errno == EPERM ? read_text(pid, ret, err)
					      : fail_errno(err, "limits of process %d", pid);
		limits.limit[i] = (struct limits_pair){got.rlim_cur, got.rlim_max};
	}
	*ret = limits;
	return 0;
}
