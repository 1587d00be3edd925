/* proc.h - the text of a file below /proc/PID
 *
 * The number is that of the caller's pid namespace, whose proc is mounted at /proc.
 * Errors  -ENOENT  no such task when the file was opened
 *         -ESRCH   it went away while it was read
 *         -EACCES, -EPERM  ptrace(2) access mode is missing
 */
#ifndef CKRUN_KERNEL_PROC_H
#define CKRUN_KERNEL_PROC_H

#include <stddef.h>
#include <sys/types.h>

struct err;

enum { PROC_PATH_MAX = 64 };

/* proc_path() - "/proc/PID/NAME", or with a thread "/proc/PID/task/TID/NAME"; returns buf. */
char *proc_path(char buf[PROC_PATH_MAX], pid_t pid, pid_t tid, const char *name);

/* proc_open() - O_RDONLY; returns the descriptor. */
int proc_open(pid_t pid, pid_t tid, const char *name, struct err *err);

/* proc_text() - the whole file as a string; *ret is the caller's to free.  tid 0: the process.
 * At most 1 GiB (about a million regions of smaps), -E2BIG beyond. */
int proc_text(pid_t pid, pid_t tid, const char *name, char **ret, struct err *err);

/* fd_text() - the rest of an open file as a string, by as few read(2) as it has pages. */
int fd_text(int fd, char **ret, struct err *err);

#endif
