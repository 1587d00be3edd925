/* console.h - who gets the terminal of a container's process
 *
 * An engine that wants it gives --console-socket and lets ckrun detach.  Otherwise, in the
 * foreground, ckrun keeps it and stands between it and its own terminal (foreground.h).
 */
#ifndef CKRUN_CLI_CONSOLE_H
#define CKRUN_CLI_CONSOLE_H

#include <stdbool.h>

struct err;

struct console {
	int socket; /* for the process' maker to send the pty master over; -1: no terminal */
	int ours;   /* where we receive it; -1: somebody else does */
};

#define CONSOLE_NONE ((struct console){-1, -1})

struct console_wish {
	const char *socket_path; /* --console-socket; NULL: not given */
	bool terminal;           /* process.terminal */
	bool detach;
};

/* console_open() - -EINVAL, in runc's words, if the three do not go together. */
int console_open(const struct console_wish *wish, struct console *ret, struct err *err);
void console_close(struct console *console); /* for scoped() */

/* console_master() - the master that was sent to us; -1 if there is no terminal of ours. */
int console_master(const struct console *console, int *ret_fd, struct err *err);

#endif
