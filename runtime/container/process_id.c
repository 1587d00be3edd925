#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/process_id.h"

/* The name may hold blanks and parentheses: fields are counted from the last ')'. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct err *err)
{
	char path[32];
	scoped_free char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(AT_FDCWD, path, &text, err) < 0)
		return err->code == -ENOENT ? fail(err, -ESRCH, "no process %d", pid)
					    : err->code;
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
			    "%*d %*d %*d %*d %" SCNu64,
			    ret_state, ret_start) != 2)
		return fail(err, -EPROTO, "%s is not understood", path);
	return 0;
}

int process_id_of(pid_t pid, struct process_id *ret, struct err *err)
{
	char state = 'X';
	uint64_t start = 0;

	if (read_stat(pid, &state, &start, err) < 0)
		return err->code;
	*ret = (struct process_id){pid, start};
	return 0;
}

/* A process whose first thread has ended shows as a zombie while its other threads go on: its
 * pidfd becomes readable only when the last has ended. */
static bool threads_live(pid_t pid)
{
	scoped_fd int pidfd = pidfd_open(pid, 0);
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	return pidfd >= 0 && poll(&fd, 1, 0) == 0;
}

bool process_lives(const struct process_id *id)
{
	char state = 'X';
	uint64_t start = 0;
	struct err err = {};

	if (id->pid <= 0 || read_stat(id->pid, &state, &start, &err) < 0 ||
	    start != id->start_time)
		return false;
	return state == 'Z' ? threads_live(id->pid) : state != 'X';
}

int process_open(const struct process_id *id, int *ret_pidfd, struct err *err)
{
	scoped_fd int pidfd = id->pid > 0 ? pidfd_open(id->pid, 0) : -1;

	/* asked after the pidfd was opened: it is that process or none */
	if (pidfd < 0 || !process_lives(id))
		return fail(err, -ESRCH, "process %d has ended", id->pid);
	*ret_pidfd = take_fd(&pidfd);
	return 0;
}
