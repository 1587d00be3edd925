#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/image/one.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/view.h"

void view_close(struct image_view **view)
{
	if (!*view)
		return;
	for (size_t i = 0; i < (*view)->n_spaces; i++)
		pages_reader_drop(&(*view)->space[i]->pages);
	image_close(&(*view)->dir);
	arena_free(&(*view)->arena);
	free(*view);
	*view = NULL;
}

/* The only record of a file, or NULL if the image has no such file. */
static int optional(const struct image_view *view, enum image_file file, uint64_t id,
		    void *ret_record, struct err *err)
{
	void *record;

	if (!image_has(view->dir, file, id))
		return 0;
	if (image_get_one(view->dir, file, id, view->arena, &record, err) < 0)
		return err->code;
	*(void **)ret_record = record;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const FileEntry *x = *(const FileEntry *const *)a, *y = *(const FileEntry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int all_of(struct image_view *view, enum image_file file, void ***ret, size_t *ret_n,
		  struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	if (!image_has(view->dir, file, 0))
		return 0;
	return image_get_all(view->dir, file, 0, view->arena, ret, ret_n, err);
}

static int files_load(struct image_view *view, struct err *err)
{
	void **files, **memfds;

	if (all_of(view, IMAGE_FILES, &files, &view->n_files, err) < 0 ||
	    all_of(view, IMAGE_MEMFD_INODE, &memfds, &view->n_memfds, err) < 0)
		return err->code;
	view->file = (FileEntry **)files;
	view->memfd = (MemfdInodeEntry **)memfds;
	if (view->file)
		qsort(view->file, view->n_files, sizeof(*view->file), by_id);
	return 0;
}

const FileEntry *view_file(const struct image_view *view, uint32_t id)
{
	FileEntry key = {.id = id};
	const FileEntry *at = &key;
	FileEntry *const *found =
		view->n_files ? bsearch(&at, view->file, view->n_files, sizeof(at), by_id)
			      : NULL;

	return found ? *found : NULL;
}

const MemfdInodeEntry *view_memfd(const struct image_view *view, uint32_t inode_id)
{
	for (size_t i = 0; i < view->n_memfds; i++)
		if (view->memfd[i]->inode_id == inode_id)
			return view->memfd[i];
	return NULL;
}

const struct view_task *view_task(const struct image_view *view, uint32_t pid)
{
	for (size_t i = 0; i < view->n_tasks; i++)
		if (view->task[i].tree->pid == pid)
			return &view->task[i];
	return NULL;
}

static int threads_load(struct image_view *view, struct view_task *task, struct err *err)
{
	const PstreeEntry *tree = task->tree;
	size_t n = 1;

	task->thread = arena_alloc(view->arena, (tree->n_threads + 1) * sizeof(*task->thread));
	if (!task->thread)
		return fail(err, -ENOMEM, "out of memory");
	task->thread[0].tid = tree->pid;
	for (size_t i = 0; i < tree->n_threads; i++)
		if (tree->threads[i] != tree->pid)
			task->thread[n++].tid = tree->threads[i];
	task->n_threads = n;
	for (size_t i = 0; i < n; i++)
		if (optional(view, IMAGE_CORE, task->thread[i].tid, &task->thread[i].core,
			     err) < 0)
			return err->code;
	return 0;
}

static uint64_t pages_in_image(const struct pages_reader *pages)
{
	uint64_t sum = 0;
	size_t n;
	const struct page_run *run = pages_runs(pages, &n);

	for (size_t i = 0; i < n; i++)
		if (run[i].flags & PE_PRESENT)
			sum += run[i].nr_pages;
	return sum;
}

static int space_load(struct image_view *view, struct view_space *space, struct err *err)
{
	if (optional(view, IMAGE_MM, space->pid, &space->mm, err) < 0)
		return err->code;
	if (!image_has(view->dir, IMAGE_PAGEMAP, space->pid))
		return 0;
	if (pages_open(view->dir, IMAGE_PAGEMAP, space->pid, &space->pages, err) < 0)
		return err->code;
	space->n_pages = pages_in_image(space->pages);
	return 0;
}

/* Tasks that share an address space have it once, under the pid of one of them. */
static int space_of(struct image_view *view, struct view_task *task, struct err *err)
{
	struct view_space **list, *space;

	if (!image_has(view->dir, IMAGE_MM, task->tree->pid))
		return 0;
	list = arena_grow(view->arena, view->space, view->n_spaces, sizeof(*list));
	space = arena_new_struct(view->arena, struct view_space);
	if (!list || !space)
		return fail(err, -ENOMEM, "out of memory");
	space->pid = task->tree->pid;
	space->id = task->ids ? task->ids->vm_id : 0;
	view->space = list;
	view->space[view->n_spaces++] = space;
	task->space = space;
	return space_load(view, space, err);
}

static int table_of(struct image_view *view, struct view_task *task, struct err *err)
{
	struct view_table **list, *table;
	void **all;

	if (!task->ids || !image_has(view->dir, IMAGE_FDINFO, task->ids->files_id))
		return 0;
	for (size_t i = 0; i < view->n_tables; i++)
		if (view->table[i]->id == task->ids->files_id) {
			task->table = view->table[i];
			return 0;
		}
	list = arena_grow(view->arena, view->table, view->n_tables, sizeof(*list));
	table = arena_new_struct(view->arena, struct view_table);
	if (!list || !table)
		return fail(err, -ENOMEM, "out of memory");
	if (image_get_all(view->dir, IMAGE_FDINFO, task->ids->files_id, view->arena, &all,
			  &table->n, err) < 0)
		return err->code;
	table->fd = (FdinfoEntry **)all;
	table->id = task->ids->files_id;
	view->table = list;
	view->table[view->n_tables++] = table;
	task->table = table;
	return 0;
}

static int task_load(struct image_view *view, struct view_task *task, struct err *err)
{
	const uint32_t pid = task->tree->pid;

	if (threads_load(view, task, err) < 0 ||
	    optional(view, IMAGE_IDS, pid, &task->ids, err) < 0 ||
	    optional(view, IMAGE_FS, pid, &task->fs, err) < 0 || space_of(view, task, err) < 0)
		return err->code;
	return table_of(view, task, err);
}

/* CRIU before 3.0 has ids in the core file alone; those that it shares are in both. */
static void spaces_share(struct image_view *view)
{
	for (size_t i = 0; i < view->n_tasks; i++) {
		struct view_task *task = &view->task[i];

		for (size_t j = 0; j < view->n_spaces && task->ids && !task->space; j++)
			if (view->space[j]->id == task->ids->vm_id)
				task->space = view->space[j];
	}
}

static int tasks_load(struct image_view *view, struct err *err)
{
	void **all;
	size_t n;

	if (image_get_all(view->dir, IMAGE_PSTREE, 0, view->arena, &all, &n, err) < 0)
		return err->code;
	view->task = arena_alloc(view->arena, (n + 1) * sizeof(*view->task));
	if (!view->task)
		return fail(err, -ENOMEM, "out of memory");
	for (; view->n_tasks < n; view->n_tasks++) {
		view->task[view->n_tasks].tree = all[view->n_tasks];
		if (task_load(view, &view->task[view->n_tasks], err) < 0)
			return err->code;
	}
	spaces_share(view);
	return 0;
}

int view_open(int dir, struct image_view **ret, struct err *err)
{
	scoped(view_close) struct image_view *view = calloc(1, sizeof(*view));

	if (view)
		view->arena = arena_new();
	if (!view || !view->arena)
		return fail(err, -ENOMEM, "out of memory");
	if (image_open(dir, &view->dir, err) < 0 || files_load(view, err) < 0 ||
	    tasks_load(view, err) < 0)
		return err->code;
	*ret = take_ptr(view);
	return 0;
}
