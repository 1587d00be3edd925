/* making.h - what create, run and restore have in common */
#ifndef CKRUN_CLI_MAKING_H
#define CKRUN_CLI_MAKING_H

#include <stdbool.h>

#include "runtime/cli/command.h"
#include "runtime/cli/console.h"
#include "runtime/container/create.h"

struct making {
	const char *bundle, *console_socket, *pid_file;
	int preserve_fds;
	bool no_pivot, no_new_keyring;
};

/* Rows of a table whose struct begins with a struct making. */
#define MAKING_BUNDLE_OPTIONS                                                              \
	{"bundle",                                                                         \
	 'b',                                                                              \
	 OPT_TEXT,                                                                         \
	 OPT_TAKEN,                                                                        \
	 offsetof(struct making, bundle),                                                  \
	 "DIR",                                                                            \
	 "bundle directory (default: the current one)"},                                   \
		{"console-socket",                                                         \
		 0,                                                                        \
		 OPT_TEXT,                                                                 \
		 OPT_TAKEN,                                                                \
		 offsetof(struct making, console_socket),                                  \
		 "PATH",                                                                   \
		 "unix socket that gets the master of the terminal"},                      \
		{"pid-file",                                                               \
		 0,                                                                        \
		 OPT_TEXT,                                                                 \
		 OPT_TAKEN,                                                                \
		 offsetof(struct making, pid_file),                                        \
		 "FILE",                                                                   \
		 "write the pid of the init to FILE"},                                     \
	{                                                                                  \
		"no-pivot", 0, OPT_FLAG, OPT_TAKEN, offsetof(struct making, no_pivot), "", \
			"do not use pivot_root: for a root on an initramfs"                \
	}

#define MAKING_OPTIONS                                                  \
	MAKING_BUNDLE_OPTIONS,                                          \
		{"no-new-keyring",                                      \
		 0,                                                     \
		 OPT_FLAG,                                              \
		 OPT_TAKEN,                                             \
		 offsetof(struct making, no_new_keyring),               \
		 "",                                                    \
		 "keep the session keyring of the caller"},             \
		{"preserve-fds",                                        \
		 0,                                                     \
		 OPT_NUMBER,                                            \
		 OPT_TAKEN,                                             \
		 offsetof(struct making, preserve_fds),                 \
		 "N",                                                   \
		 "hand descriptors 3 to N+2 on to the init"},           \
	{                                                               \
		"pidfd-socket", 0, OPT_TEXT, OPT_UNSUPPORTED, 0, "", "" \
	}

/* making_console() - as the bundle's process.terminal wants it. */
int making_console(const struct call *call, const struct making *making, bool detach,
		   struct console *ret, struct err *err);

struct create_request making_request(const struct call *call, const struct making *making,
				     int console_socket);

/* making_delete() - the container has ended, or never came up: remove it.  What does not work
 * is a warning: the exit status is the container's. */
void making_delete(const struct call *call);

#endif
