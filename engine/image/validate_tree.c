/* validate_tree.c - validation.h: do the tasks form trees, and is each of them there? */
#include <stdlib.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "engine/image/validation.h"
#include "runtime/base/arena.h"

static int by_pid(const void *a, const void *b)
{
	const struct id_at *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void ids_sort(struct id_at *ids, size_t n)
{
	if (n)
		qsort(ids, n, sizeof(*ids), by_pid);
}

/* Where the pid is listed first; n_tasks if it is not. */
static size_t task_at(const struct validation *v, uint32_t pid)
{
	size_t low = 0, high = v->n_tasks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->by_pid[middle].id < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->n_tasks && v->by_pid[low].id == pid ? v->by_pid[low].at : v->n_tasks;
}

static void core_check(struct validation *v, uint32_t tid, bool leader)
{
	const CoreEntry *core = validate_get(v, IMAGE_CORE, tid);

	if (!core)
		return;
	if (core->mtype != CORE_ENTRY__MARCH__X86_64)
		problem(v, "core-%u.img: not of x86-64", tid);
	else if (leader && !core->tc)
		problem(v, "core-%u.img: nothing about the task itself", tid);
}

static void task_check(struct validation *v, size_t at)
{
	const PstreeEntry *task = v->task[at];
	bool has_leader = false;

	if (!task->pid)
		problem(v, "pstree.img: record %zu: a task without a pid", at + 1);
	if (task_at(v, task->pid) != at)
		problem(v, "pstree.img: task %u is listed twice", task->pid);
	/* Parents come before their children, so a tree is read in one pass and has no circle. */
	if (task->ppid && task_at(v, task->ppid) >= at)
		problem(v, "pstree.img: task %u: its parent %u is not listed before it",
			task->pid, task->ppid);
	for (size_t i = 0; i < task->n_threads; i++) {
		has_leader |= task->threads[i] == task->pid;
		core_check(v, task->threads[i], task->threads[i] == task->pid);
	}
	if (!has_leader && task->n_threads)
		problem(v, "pstree.img: task %u: it is not among its threads", task->pid);
	if (!task->n_threads)
		core_check(v, task->pid, true);
}

static void roots_check(struct validation *v)
{
	size_t n_roots = 0, n = 0;
	struct err err = {};
	void **all;

	for (size_t i = 0; i < v->n_tasks; i++)
		n_roots += !v->task[i]->ppid;
	if (!n_roots)
		problem(v, "pstree.img: no task is a root");
	if (image_get_all(v->dir, IMAGE_CKRUN_ROOTS, 0, v->arena, &all, &n, &err) < 0) {
		if (n_roots > 1)
			problem_missing(v, IMAGE_CKRUN_ROOTS, 0);
		return;
	}
	if (n != n_roots)
		problem(v, "ckrun-roots.img: %zu roots, pstree.img has %zu", n, n_roots);
	for (size_t i = 0; i < n; i++) {
		const CkrunRootEntry *root = all[i];
		size_t at = task_at(v, root->pid);

		if (at == v->n_tasks || v->task[at]->ppid)
			problem(v, "ckrun-roots.img: task %u is no root", root->pid);
	}
}

void validate_tree(struct validation *v)
{
	struct err err = {};
	void **all;

	if (image_get_all(v->dir, IMAGE_PSTREE, 0, v->arena, &all, &v->n_tasks, &err) < 0) {
		v->n_tasks = 0;
		problem_missing(v, IMAGE_PSTREE, 0);
		return;
	}
	v->task = (PstreeEntry **)all;
	v->by_pid = arena_alloc(v->arena, v->n_tasks * sizeof(*v->by_pid));
	if (!v->by_pid) {
		v->n_tasks = 0;
		v->no_memory = true;
		return;
	}
	for (size_t i = 0; i < v->n_tasks; i++)
		v->by_pid[i] = (struct id_at){v->task[i]->pid, i};
	ids_sort(v->by_pid, v->n_tasks);
	for (size_t i = 0; i < v->n_tasks; i++)
		task_check(v, i);
	roots_check(v);
}
