#include <stdbool.h>

#include "engine/task/core.h"
#include "runtime/base/arena.h"

/* All parts in one piece, so that there is one place to run out of memory. */
struct parts {
	CoreEntry core;
	ThreadInfoX86 info;
	UserX86RegsEntry gpregs;
	UserX86FpregsEntry fpregs;
	ThreadCoreEntry thread;
	TaskCoreEntry task;
	TaskKobjIdsEntry ids;
};

CoreEntry *core_new(struct arena *arena, const char *comm)
{
	struct parts *p = arena_new_struct(arena, struct parts);

	if (!p)
		return NULL;
	core_entry__init(&p->core);
	thread_info_x86__init(&p->info);
	user_x86_regs_entry__init(&p->gpregs);
	user_x86_fpregs_entry__init(&p->fpregs);
	thread_core_entry__init(&p->thread);
	p->core.mtype = CORE_ENTRY__MARCH__X86_64;
	p->core.thread_info = &p->info;
	p->info.gpregs = &p->gpregs;
	p->info.fpregs = &p->fpregs;
	p->core.thread_core = &p->thread;
	if (!comm)
		return &p->core;
	task_core_entry__init(&p->task);
	task_kobj_ids_entry__init(&p->ids);
	p->core.tc = &p->task;
	p->core.ids = &p->ids;
	p->task.comm = arena_strdup(arena, comm);
	return p->task.comm ? &p->core : NULL;
}
