#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "engine/kernel/features.h"
#include "engine/kernel/mountinfo.h"
#include "engine/kernel/pagemap.h"
#include "engine/kernel/pidfd.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* Newer than the headers of the oldest build host */
enum { SET_SYSCALL_INFO = 0x4212, TIMER_RESTORE_IDS = 77, TIMER_RESTORE_IDS_GET = 2 };
#define WP_ASYNC (1ULL << 15)
#define MOVE (1ULL << 16)

static bool has_pagemap_scan(void)
{
	scoped(pagemap_close) struct pagemap map = {.fd = -1};

	return !pagemap_open(getpid(), PAGEMAP_BEST, &map, &(struct err){}) && map.scan;
}

static bool has_uffd(uint64_t feature)
{
	scoped_fd int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = {.api = UFFD_API};

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && api.features & feature;
}

static bool has_wp_async(void)
{
	return has_uffd(WP_ASYNC);
}

static bool has_move(void)
{
	return has_uffd(MOVE);
}

/* Our own first thread is both: an unknown flag is refused whatever the task is. */
static bool has_pidfd_thread(void)
{
	scoped_fd int fd = pidfd_for(getpid(), PIDFD_OF_THREAD, &(struct err){});

	return fd >= 0;
}

static bool has_pidfd_info(void)
{
	scoped_fd int fd = pidfd_for(getpid(), PIDFD_OF_PROCESS, &(struct err){});

	return fd >= 0 && !pidfd_read_ids(fd, &(struct pidfd_ids){}, &(struct err){});
}

static bool has_timer_restore_ids(void)
{
	return prctl(TIMER_RESTORE_IDS, TIMER_RESTORE_IDS_GET, 0, 0, 0) >= 0;
}

static int stop_traced(void *arg __attribute__((unused)))
{
	if (syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) == 0)
		syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
	return 0;
}

static bool wait_child(pid_t pid, int *status)
{
	pid_t r;

	while ((r = waitpid(pid, status, __WALL)) < 0 && errno == EINTR)
		;
	return r == pid;
}

/* Only a stopped tracee shows which requests exist: unknown is EIO, a size too small EINVAL.  The
 * child shares our memory, so that it costs nothing to make.  Its stop sends us SIGCHLD. */
static bool has_set_syscall_info(void)
{
	_Alignas(16) char stack[8192];
	pid_t pid = clone(stop_traced, stack + sizeof(stack), CLONE_VM | CLONE_FILES, NULL);
	int status, why = 0;

	if (pid < 0 || !wait_child(pid, &status))
		return false;
	if (!WIFSTOPPED(status))
		return false;
	if (syscall(SYS_ptrace, SET_SYSCALL_INFO, pid, 0, 0) < 0)
		why = errno;
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) &&
	       !WIFSIGNALED(status))
		;
	return why == EINVAL;
}

/* Pid 1 is taken as long as we live: with permission that is the answer. */
static bool has_set_tid(void)
{
	pid_t first = 1;
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK,
		.set_tid = (uintptr_t)&first,
		.set_tid_size = 1,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 && errno == EEXIST;
}

/* "freezer <tab> hierarchy <tab> cgroups <tab> enabled" */
static bool has_freezer_v1(void)
{
	scoped_fd int fd = open("/proc/cgroups", O_RDONLY | O_CLOEXEC);
	scoped_free char *text = NULL;
	uint32_t hierarchy = 0;

	if (fd < 0 || fd_text(fd, &text, &(struct err){}) < 0)
		return false;
	for (const char *at = text; *at; scan_line(&at))
		if (scan_lit(&at, "freezer\t") && scan_u32(&at, 10, &hierarchy))
			return hierarchy != 0;
	return false;
}

static bool has_freezer_v2(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct mountinfo mounts;

	if (!arena || mountinfo_read(getpid(), arena, &mounts, &(struct err){}) < 0)
		return false;
	for (size_t i = 0; i < mounts.n; i++)
		if (!strcmp(mounts.mount[i].fstype, "cgroup2"))
			return true;
	return false;
}

static const struct {
	bool (*probe)(void);
	const char *name;
} table[FEATURES] = {
	[FEATURE_PAGEMAP_SCAN] = {has_pagemap_scan, "PAGEMAP_SCAN (Linux 6.7)"},
	[FEATURE_UFFD_WP_ASYNC] = {has_wp_async, "UFFD_FEATURE_WP_ASYNC (Linux 6.7)"},
	[FEATURE_UFFD_MOVE] = {has_move, "UFFDIO_MOVE (Linux 6.8)"},
	[FEATURE_PIDFD_THREAD] = {has_pidfd_thread, "PIDFD_THREAD (Linux 6.9)"},
	[FEATURE_PIDFD_INFO] = {has_pidfd_info, "PIDFD_GET_INFO (Linux 6.13)"},
	[FEATURE_TIMER_RESTORE_IDS] = {has_timer_restore_ids,
				       "PR_TIMER_CREATE_RESTORE_IDS (Linux 6.15)"},
	[FEATURE_SET_SYSCALL_INFO] = {has_set_syscall_info,
				      "PTRACE_SET_SYSCALL_INFO (Linux 6.16)"},
	[FEATURE_SET_TID] = {has_set_tid, "clone3 with set_tid (CAP_CHECKPOINT_RESTORE)"},
	[FEATURE_FREEZER_V1] = {has_freezer_v1, "the freezer of cgroup v1"},
	[FEATURE_FREEZER_V2] = {has_freezer_v2, "the freezer of cgroup v2 (Linux 5.2)"},
};

bool features_has(struct features *features, enum feature feature)
{
	uint32_t bit = 1U << feature;
	int saved = errno;

	if (!(features->asked & bit)) {
		features->present |= table[feature].probe() ? bit : 0;
		features->asked |= bit;
	}
	errno = saved;
	return features->present & bit;
}

const char *features_name(enum feature feature)
{
	return table[feature].name;
}

int release_parse(const char *text, struct release *ret, struct err *err)
{
	const char *at = text;
	struct release r;

	if (!scan_u32(&at, 10, &r.major) || !scan_lit(&at, ".") || !scan_u32(&at, 10, &r.minor))
		return fail(err, -EPROTO, "\"%.30s\" is no kernel release", text);
	*ret = r;
	return 0;
}

int release_read(struct release *ret, struct err *err)
{
	struct utsname name;

	if (uname(&name) < 0)
		return fail_errno(err, "uname");
	return release_parse(name.release, ret, err);
}
