/* carry.h - between "set it up" and "is it still so", the process is carried
 *
 * carried() says "ready" in /out, a directory of the host, and waits there for "go".  Meanwhile
 * tests/carry/one checkpoints the container and restores it; a subject cannot tell how, nor
 * whether at all.  No signal is sent: signals are state under test.
 *
 * One container runs one test; of the crowd in tests/vm each has a folder for itself, CARRY_OUT.
 */
#ifndef CKRUN_TESTS_CARRY_H
#define CKRUN_TESTS_CARRY_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check.h"

static inline void carried(void)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	const char *out = getenv("CARRY_OUT");
	char ready[256], go[256];

	snprintf(ready, sizeof(ready), "%s/ready", out ? out : "/out");
	snprintf(go, sizeof(go), "%s/go", out ? out : "/out");
	close(open(ready, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	while (access(go, F_OK) < 0)
		nanosleep(&nap, NULL);
	unlink(go);
}

/* other - a process beside the test: body() sets up, calls other_carried(), checks.
 *
 *	struct other child = other_start(body);    returns once it has set up
 *	carried();
 *	other_ends_well(&child);                   it checks; a failure is the test's
 */
struct other {
	pid_t pid;
	int up[2], on[2]; /* pipes: it has set up; it may go on */
};

/* The body's own; for the test it stays as it was before the start. */
static struct other other_me;

static inline void other_carried(void)
{
	char byte;

	check(write(other_me.up[1], "", 1) == 1);
	check(read(other_me.on[0], &byte, 1) == 1);
}

static inline struct other other_start(void (*body)(void))
{
	struct other other;
	char byte;

	check(!pipe(other.up) && !pipe(other.on));
	fflush(stdout);
	other.pid = fork();
	check(other.pid >= 0);
	if (!other.pid) {
		other_me = other;
		body();
		exit(0);
	}
	check(read(other.up[0], &byte, 1) == 1);
	return other;
}

static inline void other_ends_well(const struct other *other)
{
	int status;

	check(write(other->on[1], "", 1) == 1);
	check(waitpid(other->pid, &status, 0) == other->pid);
	check(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* line_of() - what follows `key` in a text file of /proc, up to the end of its line */
static inline const char *line_of(const char *path, const char *key, char *buf, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(key);

	check(file);
	while (fgets(buf, (int)size, file))
		if (!strncmp(buf, key, len)) {
			fclose(file);
			buf[strcspn(buf, "\n")] = '\0';
			return buf + len + strspn(buf + len, " \t");
		}
	fclose(file);
	return NULL;
}

#endif
