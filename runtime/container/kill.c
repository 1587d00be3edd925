#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/pidfd.h>
#include <time.h>

#include "cgroup/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/container.h"
#include "runtime/container/kill.h"

enum { PATIENCE_MS = 10000, STEP_MAX_MS = 20 };

static int number_of_name(const char *name)
{
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *known = sigabbrev_np(sig);
		if (known && !strcasecmp(known, name))
			return sig;
	}
	int offset = 0;
	if (sscanf(name, "RTMIN+%d", &offset) == 1 && offset >= 0 &&
	    SIGRTMIN + offset <= SIGRTMAX)
		return SIGRTMIN + offset;
	if (sscanf(name, "RTMAX-%d", &offset) == 1 && offset >= 0 &&
	    SIGRTMAX - offset >= SIGRTMIN)
		return SIGRTMAX - offset;
	return -1;
}

int signal_number(const char *text, struct err *err)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end)
		number = number_of_name(text);
	if (number < 0 || number >= NSIG)
		return fail(err, -EINVAL, "unknown signal \"%.32s\"", text);
	return (int)number;
}

static int not_running(struct err *err)
{
	return fail(err, -ESRCH, "container not running");
}

static int thaw(const struct container *container, struct err *err)
{
	bool frozen = false;

	if (!container->cgroup || !cgroup_set_exists(container->cgroup))
		return 0;
	if (cgroup_set_frozen(container->cgroup, &frozen, err) < 0)
		return err->code;
	return frozen ? cgroup_set_thaw(container->cgroup, err) : 0;
}

static int kill_all(const struct container *container, int signal, struct err *err)
{
	struct cgroup_set *set;
	bool empty = true;

	if (container_cgroup(container, &set, err) < 0)
		return err->code;
	if (!cgroup_set_exists(set))
		return not_running(err);
	if (cgroup_set_is_empty(set, &empty, err) < 0)
		return err->code;
	if (empty)
		return not_running(err);
	return cgroup_set_kill(set, signal, err);
}

static int kill_init(const struct container *container, int signal, struct err *err)
{
	scoped_fd int pidfd = -1;

	if (process_open(&container->record.init, &pidfd, err) < 0)
		return not_running(err);
	if (pidfd_send_signal(pidfd, signal, NULL, 0) < 0)
		return errno == ESRCH ? not_running(err)
				      : fail_errno(err, "send signal %d", signal);
	return 0;
}

int container_kill(const struct container *container, int signal, enum kill_whom whom,
		   struct err *err)
{
	bool own_pids = oci_linux_namespace(&container->config.linux_, CLONE_NEWPID) &&
			!oci_linux_namespace(&container->config.linux_, CLONE_NEWPID)->path;
	bool all = whom == KILL_ALL || (signal == SIGKILL && !own_pids);
	int r = all ? kill_all(container, signal, err) : kill_init(container, signal, err);

	if (r < 0 || signal != SIGKILL)
		return r;
	return thaw(container, err);
}

static void sleep_ms(long ms)
{
	const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&span, NULL);
}

int container_end_tasks(const struct container *container, struct err *err)
{
	struct cgroup_set *set = container->cgroup;
	long waited = 0, step = 1;

	if (!set || !cgroup_set_exists(set))
		return 0;
	for (;;) {
		bool empty = false;

		if (cgroup_set_is_empty(set, &empty, err) < 0)
			return err->code;
		if (empty)
			return 0;
		if (waited > PATIENCE_MS)
			return fail(err, -EBUSY, "its tasks do not end after SIGKILL");
		if (cgroup_set_kill(set, SIGKILL, err) < 0 || thaw(container, err) < 0)
			return err->code;
		sleep_ms(step);
		waited += step;
		step = step < STEP_MAX_MS ? 2 * step : step;
	}
}
