/* view_task.c - view.h: what a task is called, its memory, its place in the tree */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/image/view.h"

enum { COMMAND_MAX = 4096 };

size_t view_first_run(const struct pages_reader *pages, uint64_t addr)
{
	size_t low = 0, high;
	const struct page_run *run = pages_runs(pages, &high);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (run[middle].vaddr + run[middle].nr_pages * IMAGE_PAGE <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The run that has addr, or NULL. */
static const struct page_run *run_at(const struct pages_reader *pages, uint64_t addr)
{
	size_t n, first = view_first_run(pages, addr);
	const struct page_run *run = pages_runs(pages, &n);

	return first < n && run[first].vaddr <= addr ? &run[first] : NULL;
}

size_t view_memory(const struct view_space *space, uint64_t addr, void *to, size_t len)
{
	size_t done = 0;
	uint64_t size;

	if (!space || !space->pages)
		return 0;
	const unsigned char *data = pages_data(space->pages, &size);
	while (done < len) {
		const struct page_run *run = run_at(space->pages, addr + done);

		if (!run || !(run->flags & PE_PRESENT))
			break;
		uint64_t in = addr + done - run->vaddr;
		uint64_t left = run->nr_pages * IMAGE_PAGE - in;
		size_t part = left < len - done ? left : len - done;
		memcpy((char *)to + done, data + run->offset + in, part);
		done += part;
	}
	return done;
}

const char *view_comm(const struct view_thread *thread)
{
	const CoreEntry *core = thread->core;

	if (core && core->thread_core && core->thread_core->comm)
		return core->thread_core->comm;
	return core && core->tc ? core->tc->comm : "?";
}

/* As ps prints it: no byte of an image reaches a terminal that may act on it. */
static void make_plain(char *text, size_t len)
{
	while (len && (!text[len - 1] || text[len - 1] == ' '))
		len--;
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	text[len] = '\0';
}

const char *view_command(const struct image_view *view, const struct view_task *task)
{
	const MmEntry *mm = task->space ? task->space->mm : NULL;
	uint64_t len =
		mm && mm->mm_arg_end > mm->mm_arg_start ? mm->mm_arg_end - mm->mm_arg_start : 0;
	char *text;

	if (len > COMMAND_MAX)
		len = COMMAND_MAX;
	text = arena_alloc(view->arena, len + 1);
	if (!text)
		return NULL;
	make_plain(text, len ? view_memory(task->space, mm->mm_arg_start, text, len) : 0);
	return *text ? text : arena_printf(view->arena, "[%s]", view_comm(&task->thread[0]));
}

/* --- the tree: first child and next sibling of each task, by index from 1; 0 is none */

struct tree {
	const struct image_view *view;
	size_t *first, *next, *last;
	struct id_of {
		uint32_t pid;
		size_t task;
	} * by_pid;
};

static int by_pid(const void *a, const void *b)
{
	const struct id_of *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->task < y->task ? -1 : x->task > y->task;
}

static size_t parent_of(const struct tree *t, size_t task)
{
	struct id_of key = {.pid = t->view->task[task].tree->ppid};
	size_t low = 0, high = t->view->n_tasks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->by_pid[middle].pid < key.pid)
			low = middle + 1;
		else
			high = middle;
	}
	/* Behind its parent, so that there is no circle. */
	if (key.pid && low < t->view->n_tasks && t->by_pid[low].pid == key.pid &&
	    t->by_pid[low].task < task)
		return t->by_pid[low].task + 1;
	return 0;
}

static void link_all(const struct tree *t)
{
	for (size_t i = 0; i < t->view->n_tasks; i++)
		t->by_pid[i] = (struct id_of){t->view->task[i].tree->pid, i};
	if (t->view->n_tasks)
		qsort(t->by_pid, t->view->n_tasks, sizeof(*t->by_pid), by_pid);
	for (size_t i = 0; i < t->view->n_tasks; i++) {
		size_t parent = parent_of(t, i);

		if (t->first[parent])
			t->next[t->last[parent]] = i + 1;
		else
			t->first[parent] = i + 1;
		t->last[parent] = i + 1;
	}
}

/* Down to the first child, else on to the next sibling of the nearest ancestor that has one. */
static void walk(const struct tree *t, size_t *up, struct view_place *place)
{
	size_t at = t->first[0], n = 0;
	unsigned int depth = 0;
	uint64_t goes_on = 0;

	while (at) {
		const uint64_t bit = depth < 64 ? 1ull << depth : 0;

		goes_on = t->next[at] ? goes_on | bit : goes_on & ~bit;
		place[n++] = (struct view_place){at - 1, depth, goes_on};
		if (t->first[at]) {
			up[depth++] = at;
			at = t->first[at];
			continue;
		}
		while (!t->next[at] && depth)
			at = up[--depth];
		at = t->next[at];
	}
}

struct view_place *view_order(const struct image_view *view)
{
	const size_t n = view->n_tasks + 1;
	struct view_place *place = arena_alloc(view->arena, n * sizeof(*place));
	size_t *up = arena_alloc(view->arena, n * sizeof(*up));
	const struct tree t = {
		.view = view,
		.first = arena_alloc(view->arena, n * sizeof(*t.first)),
		.next = arena_alloc(view->arena, n * sizeof(*t.next)),
		.last = arena_alloc(view->arena, n * sizeof(*t.last)),
		.by_pid = arena_alloc(view->arena, n * sizeof(*t.by_pid)),
	};

	if (!place || !up || !t.first || !t.next || !t.last || !t.by_pid)
		return NULL;
	link_all(&t);
	walk(&t, up, place);
	return place;
}
