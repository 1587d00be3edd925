#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "engine/kernel/sched.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { WHO_PROCESS = 1, CPU_WORDS = 128, CPU_WORDS_MAX = 16384 };

/* linux/sched/types.h of Linux 5.3; it cannot be included beside glibc's sched.h */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static int read_attr(pid_t tid, struct sched_thread *t, struct err *err)
{
	struct attr attr = {};

	if (syscall(SYS_sched_getattr, tid, &attr, sizeof(attr), 0) < 0)
		return fail_errno(err, "scheduling of task %d", tid);
	t->policy = attr.policy;
	t->flags = attr.flags;
	t->nice = attr.nice;
	t->priority = attr.priority;
	t->runtime = attr.runtime;
	t->deadline = attr.deadline;
	t->period = attr.period;
	t->util_min = attr.util_min;
	t->util_max = attr.util_max;
	return 0;
}

static int read_ioprio(pid_t tid, struct sched_thread *t, struct err *err)
{
	long prio = syscall(SYS_ioprio_get, WHO_PROCESS, tid);

	if (prio < 0)
		return fail_errno(err, "I/O priority of task %d", tid);
	t->ioprio = (uint32_t)prio;
	return 0;
}

static int read_slack(pid_t tid, struct sched_thread *t, struct err *err)
{
	scoped_free char *text = NULL;
	const char *at;

	if (proc_text(tid, 0, "timerslack_ns", &text, err) < 0)
		return err->code;
	at = text;
	if (!scan_u64(&at, 10, &t->timer_slack_ns))
		return fail(err, -EPROTO, "timerslack_ns of task %d is \"%.20s\"", tid, text);
	return 0;
}

/* EINVAL: the kernel was built for more CPUs than the mask has room for. */
static int read_cpus(pid_t tid, struct arena *arena, struct sched_thread *t, struct err *err)
{
	for (uint32_t words = CPU_WORDS; words <= CPU_WORDS_MAX; words *= 2) {
		uint64_t *cpus = arena_alloc(arena, words * sizeof(*cpus));
		if (!cpus)
			return fail(err, -ENOMEM, "no memory for CPUs");
		long n = syscall(SYS_sched_getaffinity, tid, words * sizeof(*cpus), cpus);
		if (n < 0 && errno == EINVAL)
			continue;
		if (n < 0)
			break;
		t->cpu_words = (uint32_t)n / sizeof(*cpus);
		while (t->cpu_words && !cpus[t->cpu_words - 1])
			t->cpu_words--;
		t->cpus = cpus;
		return 0;
	}
	return fail_errno(err, "CPUs of task %d", tid);
}

int sched_read(pid_t tid, struct arena *arena, struct sched_thread *ret, struct err *err)
{
	struct sched_thread t = {};

	if (read_attr(tid, &t, err) < 0 || read_ioprio(tid, &t, err) < 0 ||
	    read_slack(tid, &t, err) < 0 || read_cpus(tid, arena, &t, err) < 0)
		return err->code;
	*ret = t;
	return 0;
}
