#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { FIRST = 16 << 10, LIMIT = 1 << 30 };

char *proc_path(char buf[PROC_PATH_MAX], pid_t pid, pid_t tid, const char *name)
{
	if (tid)
		snprintf(buf, PROC_PATH_MAX, "/proc/%d/task/%d/%s", pid, tid, name);
	else
		snprintf(buf, PROC_PATH_MAX, "/proc/%d/%s", pid, name);
	return buf;
}

int proc_open(pid_t pid, pid_t tid, const char *name, struct err *err)
{
	char path[PROC_PATH_MAX];
	int fd = open(proc_path(path, pid, tid, name), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, "open %s", path) : fd;
}

/* A seq_file gives no more than its own buffer at once, often one page, whatever it is asked
 * for; the memory doubles, so that a text of n bytes is not copied more than n bytes. */
int fd_text(int fd, char **ret, struct err *err)
{
	scoped_free char *text = NULL;
	size_t len = 0, size = 0;

	for (ssize_t n = 1; n > 0; len += (size_t)n) {
		if (size - len < FIRST / 2) {
			size = size ? 2 * size : FIRST;
			char *more = size > LIMIT ? NULL : realloc(text, size);
			if (!more)
				return fail(err, size > LIMIT ? -E2BIG : -ENOMEM,
					    "no memory for a text of %zu bytes", size);
			text = more;
		}
		n = read(fd, text + len, size - len - 1);
		if (n < 0)
			return fail_errno(err, "read");
	}
	text[len] = '\0';
	*ret = take_ptr(text);
	return 0;
}

int proc_text(pid_t pid, pid_t tid, const char *name, char **ret, struct err *err)
{
	scoped_fd int fd = proc_open(pid, tid, name, err);
	char path[PROC_PATH_MAX];

	if (fd < 0)
		return err->code;
	return fd_text(fd, ret, err) < 0 ? fail_in(err, "%s", proc_path(path, pid, tid, name))
					 : 0;
}
