/* process_id.h - a process that is not mistaken for a later one with the same number
 *
 * The start time is field 22 of /proc/PID/stat: clock ticks since boot.  A pid comes back only
 * after the kernel has given out all others, so pid and start time name one process.
 */
#ifndef CKRUN_CONTAINER_PROCESS_ID_H
#define CKRUN_CONTAINER_PROCESS_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct process_id {
	pid_t pid; /* 0: none; lives never */
	uint64_t start_time;
};

/* process_id_of() - -ESRCH if there is no such process. */
int process_id_of(pid_t pid, struct process_id *ret, struct err *err);

/* process_lives() - it exists and has not ended; a zombie has. */
bool process_lives(const struct process_id *id);

/* process_open() - a pidfd of a process that lives, or -ESRCH. */
int process_open(const struct process_id *id, int *ret_pidfd, struct err *err);

#endif
