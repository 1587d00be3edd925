/* housed.h - a process in namespaces of its own that stands for a container's first one */
#ifndef CKRUN_TESTS_HOUSED_H
#define CKRUN_TESTS_HOUSED_H

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "tests/unit/sandboxed.h"

/* housed() - a child in new namespaces that ran body there and waits for its end. */
static inline pid_t housed(int namespaces, void (*body)(void))
{
	int ready[2];
	char byte;

	check(!pipe(ready));
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		close(ready[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		check(!unshare(namespaces));
		if (body)
			body();
		fflush(stdout);
		check(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	check(pid > 0 && read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

/* A command inside the namespaces of the process prints something that holds the text. */
static inline int housed_shows(pid_t pid, const char *command, const char *text)
{
	char line[1024], out[16384];

	snprintf(line, sizeof(line), "nsenter -t %d -u -i -n sh -c '%s'", pid, command);
	FILE *p = popen(line, "re");
	check(p);
	size_t n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	if (!strstr(out, text))
		printf("# %s: no \"%s\" in:\n%s", command, text, out);
	return strstr(out, text) != NULL;
}

#endif
