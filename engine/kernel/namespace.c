#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "engine/kernel/namespace.h"
#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static const struct {
	unsigned long type;
	const char *name;
} names[] = {
	{CLONE_NEWPID, "pid"},   {CLONE_NEWNS, "mnt"},    {CLONE_NEWNET, "net"},
	{CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},   {CLONE_NEWCGROUP, "cgroup"},
	{CLONE_NEWUSER, "user"}, {CLONE_NEWTIME, "time"},
};

const char *namespace_name(unsigned long type)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown";
}

/* "/proc/thread-self/ns/uts" with pid 0 */
static void ns_path(char buf[PROC_PATH_MAX], pid_t pid, unsigned long type)
{
	if (pid)
		snprintf(buf, PROC_PATH_MAX, "/proc/%d/ns/%s", pid, namespace_name(type));
	else
		snprintf(buf, PROC_PATH_MAX, "/proc/thread-self/ns/%s", namespace_name(type));
}

int namespace_is_ours(pid_t pid, unsigned long type, bool *ret, struct err *err)
{
	char own[PROC_PATH_MAX], other[PROC_PATH_MAX];
	struct stat a, b;

	ns_path(own, 0, type);
	ns_path(other, pid, type);
	if (stat(own, &a) < 0) {
		if (errno != ENOENT)
			return fail_errno(err, "%s", own);
		*ret = true;
		return 0;
	}
	if (stat(other, &b) < 0)
		return fail_errno(err, "%s", other);
	*ret = a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	return 0;
}

static int open_ns(pid_t pid, unsigned long type, int *ret_fd, struct err *err)
{
	char path[PROC_PATH_MAX];

	ns_path(path, pid, type);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int namespace_visit(pid_t pid, unsigned long type, int (*visit)(void *ctx, struct err *err),
		    void *ctx, struct err *err)
{
	scoped_fd int own = -1, other = -1;
	bool ours = false;

	int r = namespace_is_ours(pid, type, &ours, err);
	if (r < 0 || ours)
		return r < 0 ? r : visit(ctx, err);
	r = open_ns(0, type, &own, err);
	if (r >= 0)
		r = open_ns(pid, type, &other, err);
	if (r < 0)
		return r;
	if (setns(other, (int)type) < 0)
		return fail_errno(err, "enter the %s namespace of task %d",
				  namespace_name(type), pid);
	r = visit(ctx, err);
	if (setns(own, (int)type) < 0 && r >= 0)
		r = fail_errno(err, "return to our %s namespace", namespace_name(type));
	return r;
}
