/* checkpoint_lock.h - the mark that a checkpoint leaves while it holds a container's tasks
 *
 * Written before the first task is frozen, removed after the last is let go.  It names its
 * owner: once that process is gone the mark is stale, and the next command on the container
 * thaws and cures the tasks.
 */
#ifndef CKRUN_CONTAINER_CHECKPOINT_LOCK_H
#define CKRUN_CONTAINER_CHECKPOINT_LOCK_H

#include <stdbool.h>

struct container;
struct err;

/* was_paused: the user had frozen the container; it stays so. */
int checkpoint_lock_take(int dir, bool was_paused, struct err *err);
void checkpoint_lock_drop(int dir);

/* checkpoint_lock_held() - its owner is at work; tells what it was before. */
bool checkpoint_lock_held(int dir, bool *ret_was_paused);
bool checkpoint_lock_is_stale(int dir);

/* checkpoint_lock_recover() - the container must be locked for change; nothing to do if the
 * mark is not stale any more. */
int checkpoint_lock_recover(const struct container *container, struct err *err);

#endif
