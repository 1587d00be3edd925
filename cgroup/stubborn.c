/* stubborn.c - which task does not freeze, and where it is
 *
 * A frozen task waits in a known function of the kernel (/proc/TID/wchan): __refrigerator on
 * v1; on v2 do_freezer_trap, which compilers put into get_signal, or the sleeps that count as
 * frozen (vfork, ptrace, job control).  What is left over and does not run is what we look
 * for: most often state D, in a system call on a file system whose server does not answer.
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/freezer.h"
#include "cgroup/tasks.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

static const char *const frozen_at[] = {
	"__refrigerator", "do_freezer_trap", "get_signal",       "ptrace_stop",
	"do_signal_stop", "do_jobctl_trap",  "cgroup_do_freeze",
};

static bool read_proc(pid_t tid, const char *file, char *ret, size_t size)
{
	scoped_free char *text = NULL;
	char path[64];
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	if (file_read(AT_FDCWD, path, &text, &ignored) < 0)
		return false;
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
	return true;
}

static char state_of(pid_t tid)
{
	char stat[512], *end;

	if (!read_proc(tid, "stat", stat, sizeof(stat)))
		return '\0';
	end = strrchr(stat, ')');
	if (!end || end[1] != ' ')
		return '\0';
	return end[2];
}

/* How much a task looks like the one: 0 not at all, 2 surely. */
static int suspicion(pid_t tid, bool v2)
{
	char wchan[64] = "";
	char state = state_of(tid);

	if (!state || state == 'Z' || state == 'X')
		return 0;
	if (read_proc(tid, "wchan", wchan, sizeof(wchan)) && strcmp(wchan, "0") != 0)
		for (size_t i = 0; i < sizeof(frozen_at) / sizeof(frozen_at[0]); i++)
			if (!strcmp(wchan, frozen_at[i]))
				return 0;
	/* v2 frozen tasks sleep interruptibly (S), v1 ones do not (D) */
	return 1 + (state == 'D' || state == 'R') * v2 + (state != 'D') * !v2;
}

static void describe(pid_t tid, char *ret, size_t size)
{
	char comm[32] = "?", syscall[128] = "";
	scoped_free char *name = NULL;
	int nr = -1;

	read_proc(tid, "comm", comm, sizeof(comm));
	if (read_proc(tid, "syscall", syscall, sizeof(syscall)) &&
	    sscanf(syscall, "%d", &nr) == 1 && nr >= 0)
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
	snprintf(ret, size, "task %d (%s) does not stop: state %c, %s%s", (int)tid, comm,
		 state_of(tid), name ? "in system call " : "in no system call",
		 name ? name : "");
}

void stubborn_find(const struct group *group, char *ret, size_t size)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct err ignored;
	pid_t *tid = NULL, found = 0;
	size_t n = 0;
	int most = 0;

	snprintf(ret, size, "its tasks do not stop");
	if (!arena || tasks_of_group(group, group->h->v2 ? "cgroup.threads" : "tasks", arena,
				     &tid, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		int now = suspicion(tid[i], group->h->v2);

		if (now > most) {
			most = now;
			found = tid[i];
		}
	}
	if (found)
		describe(found, ret, size);
}
