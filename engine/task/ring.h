/* ring.h - a timer that has rung while nobody has taken its signal yet
 *
 * Kernel: one signal per timer is queued; what rings meanwhile is counted from the time between
 * when the signal is taken (si_overrun).  A signal that was queued by anybody else does not take
 * part in that.  So such a signal is not queued again at restore: its timer rings at once.
 */
#ifndef CKRUN_TASK_RING_H
#define CKRUN_TASK_RING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/model/model.h"

/* ring_is_of() - was the signal sent by a POSIX timer of the task? */
bool ring_is_of(const siginfo_t *info, const struct task *task);

/* ring_is_pending() - has timer `id` rung? */
bool ring_is_pending(const struct task *task, uint32_t id);

#endif
