/* policy.c - NUMA policies of single regions, which ckrun does not carry and says so
 *
 * Seen   get_mempolicy(2) with MPOL_F_ADDR from inside, once per region: that of the region, or
 *        the thread's where it has none (which task/refused.c asks for).  ENOSYS where the
 *        kernel knows no NUMA.  /proc/PID/numa_maps would walk every page.
 */
#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "engine/inject/calls.h"
#include "engine/mem/dump.h"
#include "runtime/base/err.h"

enum { BATCH = 256 };

static int ask(const struct task *task, size_t from, size_t n, struct calls *calls,
	       struct err *err)
{
	calls_start(calls, task->plant);
	uint64_t modes = calls_room(calls, n * sizeof(int));

	for (size_t i = 0; i < n; i++)
		calls_may_fail(calls, calls_add(calls, "get_mempolicy", SYS_get_mempolicy,
						modes + i * sizeof(int), 0, 0,
						task->mm->vmas[from + i]->start, MPOL_F_ADDR));
	int r = calls_run(calls, task->thread[0].tid, err);
	const int *mode = calls_at(calls, modes);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (calls_ret(calls, (unsigned int)i) >= 0 && mode[i] != MPOL_DEFAULT)
			return refuse(err,
				      "memory at %lx-%lx has a NUMA policy of its own (mbind), "
				      "which cannot be carried yet",
				      task->mm->vmas[from + i]->start,
				      task->mm->vmas[from + i]->end);
	return r;
}

int mem_ask_policies(const struct task *task, struct calls *calls, struct err *err)
{
	int r = 0;

	for (size_t at = 0; task->mm && at < task->mm->n_vmas && r >= 0; at += BATCH) {
		size_t left = task->mm->n_vmas - at;

		r = ask(task, at, left < BATCH ? left : BATCH, calls, err);
	}
	return r;
}
