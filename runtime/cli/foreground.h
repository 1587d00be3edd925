/* foreground.h - stay with a process until it ends
 *
 * Signals that we get go on to it; what it leaves behind is reaped; with a terminal, its
 * master and our stdin and stdout are copied to each other and window sizes are handed on.
 */
#ifndef CKRUN_CLI_FOREGROUND_H
#define CKRUN_CLI_FOREGROUND_H

#include "runtime/cli/console.h"
#include "runtime/container/spawn.h"

/* foreground_prepare() - before the process is made: signals are held for foreground_wait(),
 * and orphans of its tree come to us (unless subreaper is false). */
int foreground_prepare(bool subreaper, struct err *err);

/* foreground_wait() - its exit status, or 128 plus the signal that killed it. */
int foreground_wait(pid_t pid, const struct console *console, struct err *err);

#endif
