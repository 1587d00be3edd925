#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/diff.h"
#include "runtime/image/view.h"
#include "runtime/image/words.h"

struct diff {
	const struct image_view *a, *b;
	FILE *out;
	int n;
	uint32_t shown; /* pid of the task whose head is written */
};

static int no_memory(struct err *err)
{
	return fail(err, -ENOMEM, "out of memory");
}

/* A task is named before its first difference. */
static void differs(struct diff *d, const struct view_task *task)
{
	d->n++;
	if (d->shown == task->tree->pid)
		return;
	d->shown = task->tree->pid;
	fprintf(d->out, "task %u (%s)\n", task->tree->pid,
		plain_text(d->a->arena, view_comm(&task->thread[0])));
}

static int task_alone(struct diff *d, const struct image_view *view,
		      const struct view_task *task, char sign, struct err *err)
{
	const char *command = view_command(view, task);
	const char *plain = command ? plain_text(view->arena, command) : NULL;

	if (!plain)
		return no_memory(err);
	fprintf(d->out, "%c task %u %s\n", sign, task->tree->pid, plain);
	d->n++;
	return 0;
}

/* --- what is told of a task itself */

static const char *parent_of(const struct image_view *view, const struct view_task *task)
{
	return arena_printf(view->arena, "%u", task->tree->ppid);
}

static const char *group_of(const struct image_view *view, const struct view_task *task)
{
	return arena_printf(view->arena, "%u", task->tree->pgid);
}

static const char *session_of(const struct image_view *view, const struct view_task *task)
{
	return arena_printf(view->arena, "%u", task->tree->sid);
}

static const char *state_of(const struct image_view *view, const struct view_task *task)
{
	(void)view;
	return state_text(task);
}

static const char *command_of(const struct image_view *view, const struct view_task *task)
{
	const char *command = view_command(view, task);

	return command ? plain_text(view->arena, command) : NULL;
}

static const char *threads_of(const struct image_view *view, const struct view_task *task)
{
	const char *text = "";

	for (size_t i = 0; text && i < task->n_threads; i++)
		text = arena_printf(view->arena, "%s%s%u", text, i ? " " : "",
				    task->thread[i].tid);
	return text;
}

static const char *path_of(const struct image_view *view, uint32_t id)
{
	const FileEntry *file = view_file(view, id);

	return file ? file_text(view, file) : "?";
}

static const char *cwd_of(const struct image_view *view, const struct view_task *task)
{
	return task->fs ? path_of(view, task->fs->cwd_id) : "";
}

static const char *exe_of(const struct image_view *view, const struct view_task *task)
{
	const MmEntry *mm = task->space ? task->space->mm : NULL;

	return mm ? path_of(view, mm->exe_file_id) : "";
}

static const struct {
	const char *name;
	const char *(*text)(const struct image_view *view, const struct view_task *task);
} aspects[] = {
	{"parent", parent_of},   {"group", group_of}, {"session", session_of},
	{"state", state_of},     {"exe", exe_of},     {"command", command_of},
	{"threads", threads_of}, {"cwd", cwd_of},
};

static int aspects_compare(struct diff *d, const struct view_task *a, const struct view_task *b,
			   struct err *err)
{
	for (size_t i = 0; i < sizeof(aspects) / sizeof(aspects[0]); i++) {
		const char *x = aspects[i].text(d->a, a), *y = aspects[i].text(d->b, b);

		if (!x || !y)
			return no_memory(err);
		if (strcmp(x, y) == 0)
			continue;
		differs(d, a);
		fprintf(d->out, "  ~ %s: %s -> %s\n", aspects[i].name, x, y);
	}
	return 0;
}

/* --- descriptors */

static const char *fd_text(const struct image_view *view, const FdinfoEntry *fd)
{
	const FileEntry *file = view_file(view, fd->id);
	const char *text, *access, *at = "";

	if (!file)
		return "?";
	text = file_text(view, file);
	access = file_access(view, file);
	if (file->reg && file->reg->pos)
		at = arena_printf(view->arena, " at %llu", (unsigned long long)file->reg->pos);
	if (!text || !access || !at)
		return NULL;
	return arena_printf(view->arena, "%s %s (%s%s)%s", file_kind(file), text, access,
			    fd->flags ? " cloexec" : "", at);
}

static int by_number(const void *a, const void *b)
{
	const FdinfoEntry *x = *(const FdinfoEntry *const *)a;
	const FdinfoEntry *y = *(const FdinfoEntry *const *)b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static FdinfoEntry **sorted(const struct image_view *view, const struct view_table *table)
{
	FdinfoEntry **fd = arena_alloc(view->arena, (table->n + 1) * sizeof(FdinfoEntry *));

	if (!fd)
		return NULL;
	for (size_t i = 0; i < table->n; i++)
		fd[i] = table->fd[i];
	qsort(fd, table->n, sizeof(FdinfoEntry *), by_number);
	return fd;
}

static void fd_alone(struct diff *d, const struct view_task *task, char sign,
		     const struct image_view *view, const FdinfoEntry *fd)
{
	const char *text = fd_text(view, fd);

	differs(d, task);
	fprintf(d->out, "  %c fd %u: %s\n", sign, fd->fd, text ? text : "");
}

static void fd_in_both(struct diff *d, const struct view_task *task, const FdinfoEntry *a,
		       const FdinfoEntry *b)
{
	const char *x = fd_text(d->a, a), *y = fd_text(d->b, b);

	if (!x || !y || strcmp(x, y) == 0)
		return;
	differs(d, task);
	fprintf(d->out, "  ~ fd %u: %s -> %s\n", a->fd, x, y);
}

static int fds_compare(struct diff *d, const struct view_task *a, const struct view_task *b,
		       struct err *err)
{
	static const struct view_table none = {};
	const struct view_table *ta = a->table ? a->table : &none;
	const struct view_table *tb = b->table ? b->table : &none;
	FdinfoEntry **x = sorted(d->a, ta), **y = sorted(d->b, tb);
	size_t i = 0, j = 0;

	if (!x || !y)
		return no_memory(err);
	while (i < ta->n && j < tb->n) {
		if (x[i]->fd == y[j]->fd)
			fd_in_both(d, a, x[i++], y[j++]);
		else if (x[i]->fd < y[j]->fd)
			fd_alone(d, a, '-', d->a, x[i++]);
		else
			fd_alone(d, a, '+', d->b, y[j++]);
	}
	while (i < ta->n)
		fd_alone(d, a, '-', d->a, x[i++]);
	while (j < tb->n)
		fd_alone(d, a, '+', d->b, y[j++]);
	return 0;
}

/* --- memory */

static void pages_compare(struct diff *d, const struct view_task *a, const struct view_task *b)
{
	const struct diff_pages p = diff_pages(a->space, b->space);

	if (!p.changed && !p.added && !p.gone && !p.elsewhere)
		return;
	differs(d, a);
	fprintf(d->out, "  ~ pages: %llu changed, %llu added, %llu gone, %llu the same",
		(unsigned long long)p.changed, (unsigned long long)p.added,
		(unsigned long long)p.gone, (unsigned long long)p.same);
	if (p.elsewhere)
		fprintf(d->out, ", %llu in an earlier image and not compared",
			(unsigned long long)p.elsewhere);
	fputc('\n', d->out);
}

int image_diff(const struct image_view *a, const struct image_view *b, FILE *out,
	       struct err *err)
{
	struct diff d = {.a = a, .b = b, .out = out};

	for (size_t i = 0; i < a->n_tasks; i++) {
		const struct view_task *x = &a->task[i];
		const struct view_task *y = view_task(b, x->tree->pid);

		if (!y && task_alone(&d, a, x, '-', err) < 0)
			return err->code;
		if (!y)
			continue;
		if (aspects_compare(&d, x, y, err) < 0 || fds_compare(&d, x, y, err) < 0)
			return err->code;
		pages_compare(&d, x, y);
	}
	for (size_t i = 0; i < b->n_tasks; i++)
		if (!view_task(a, b->task[i].tree->pid) &&
		    task_alone(&d, b, &b->task[i], '+', err) < 0)
			return err->code;
	return d.n;
}
