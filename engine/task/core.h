/* core.h - the record of a thread or process, with all that the format requires */
#ifndef CKRUN_TASK_CORE_H
#define CKRUN_TASK_CORE_H

#include "engine/image/schema/core.pb-c.h"

struct arena;

/* The numbers of TaskCoreEntry.task_state. */
enum core_state { CORE_ALIVE = 1, CORE_DEAD = 2, CORE_STOPPED = 3 };

/* core_new() - comm NULL: of a thread that is no leader (no tc, no ids). NULL: out of memory. */
CoreEntry *core_new(struct arena *arena, const char *comm);

#endif
