/* cgrouped.h - what the tests of live cgroups share: a set, tasks in it, the pure v2 view */
#ifndef CKRUN_TESTS_CGROUPED_H
#define CKRUN_TESTS_CGROUPED_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cgroup/cgroup.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "tests/unit/sandboxed.h"

/* memory() - the arena of this test; it ends with the process. */
static inline struct arena *memory(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new();
	return arena;
}

/* ok() - the call, with `why` for its err, succeeded; or its sentence is shown. */
#define ok(call)                                                     \
	do {                                                         \
		struct err why_ = {}, *why = &why_;                  \
		char text_[1024];                                    \
		if ((call) < 0) {                                    \
			printf("# %s:%d: %s\n", __FILE__, __LINE__,  \
			       err_text(why, text_, sizeof(text_))); \
			exit(CHECK_FAILED);                          \
		}                                                    \
	} while (0)

/* From here on this process sees cgroup v2 alone, as on a host without v1. */
static inline void become_pure_v2(void)
{
	check(!unshare(CLONE_NEWNS));
	check(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	check(!umount2("/sys/fs/cgroup", MNT_DETACH));
	check(!mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL));
}

static inline struct cgroup_set *fresh_set(const char *path)
{
	struct cgroup_set *set = NULL;

	ok(cgroup_set_open(memory(), path, &set, why));
	ok(cgroup_set_create(set, why));
	return set;
}

/* A child in the set; it waits, or runs body and ends. */
static inline pid_t task_in(const struct cgroup_set *set, void (*body)(void))
{
	int ready[2];
	char byte;

	check(!pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	if (!pid) {
		struct err err = {};
		bool in = !set || cgroup_set_add(set, 0, &err) >= 0;

		if (!in || write(ready[1], "", 1) != 1)
			_exit(1);
		if (body)
			body();
		else
			for (;;)
				pause();
		_exit(0);
	}
	close(ready[1]);
	check(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

/* The first line of the file in the set's directory of the controller. */
static inline const char *value_of(const struct cgroup_set *set, const char *controller,
				   const char *file)
{
	static char buf[4096];
	char path[4096], *text;
	struct err err = {};

	check(cgroup_set_path(set, controller));
	snprintf(path, sizeof(path), "%s/%s", cgroup_set_path(set, controller), file);
	check(file_read(AT_FDCWD, path, &text, &err) == 0);
	snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return buf;
}

static inline void end_task(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
