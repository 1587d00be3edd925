/* seccomp.h - the filters of all threads, each stored once
 *
 * A thread's filters are a chain: the youngest points to its elder, as a fork or a second
 * installation left it.  seccomp.img holds every filter once, `prev` names its elder; elders
 * stand before.  ThreadCoreEntry.seccomp_filter is the youngest of the thread.
 */
#ifndef CKRUN_TASK_SECCOMP_H
#define CKRUN_TASK_SECCOMP_H

#include "engine/image/schema/seccomp.pb-c.h"

struct arena;

struct seccomp_table {
	SeccompEntry image; /* written as it stands */
};

void seccomp_table_init(struct seccomp_table *table);

#endif
