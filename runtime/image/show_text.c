/* show_text.c - show.h, for people */
#include <errno.h>
#include <sys/mman.h>

#include "engine/image/manifest.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/show.h"
#include "runtime/image/words.h"

static int no_memory(struct err *err)
{
	return fail(err, -ENOMEM, "out of memory");
}

static void head(const struct image_view *view, FILE *out)
{
	const struct image_about *about = image_about(view->dir);
	size_t threads = 0, fds = 0;
	uint64_t pages = 0;

	for (size_t i = 0; i < view->n_tasks; i++)
		threads += view->task[i].n_threads;
	for (size_t i = 0; i < view->n_tables; i++)
		fds += view->table[i]->n;
	for (size_t i = 0; i < view->n_spaces; i++)
		pages += view->space[i]->n_pages;
	fprintf(out, "%s: %zu tasks, %zu threads, %zu descriptors, %s of memory",
		about && about->container ? plain_text(view->arena, about->container) : "image",
		view->n_tasks, threads, fds, size_text(view->arena, pages * IMAGE_PAGE));
	if (about)
		fprintf(out, "; Linux %s, %s",
			plain_text(view->arena, about->host.kernel_release),
			plain_text(view->arena, about->host.machine));
	else
		fputs("; no manifest: made by CRIU", out);
	fputs("\n\n", out);
}

/* --- the tree */

static uint64_t mapped(const struct view_space *space)
{
	uint64_t sum = 0;

	for (size_t i = 0; space && space->mm && i < space->mm->n_vmas; i++)
		sum += space->mm->vmas[i]->end - space->mm->vmas[i]->start;
	return sum;
}

static void branches(const struct view_place *place, FILE *out)
{
	enum { DEEPEST = 40 };

	for (unsigned int d = 1; d < place->depth && d < DEEPEST; d++)
		fputs(place->goes_on >> d & 1 ? " |  " : "    ", out);
	if (place->depth)
		fputs(" \\_ ", out);
}

static int tree_line(const struct image_view *view, const struct view_place *place, FILE *out,
		     struct err *err)
{
	const struct view_task *task = &view->task[place->task];
	const struct view_space *space = task->space;
	const char *command = view_command(view, task);
	const char *plain = command ? plain_text(view->arena, command) : NULL;
	const char *all = size_text(view->arena, mapped(space));
	const char *kept = size_text(view->arena, (space ? space->n_pages : 0) * IMAGE_PAGE);

	if (!plain || !all || !kept)
		return no_memory(err);
	fprintf(out, "%7u %7u %7u %7u %-7s %3zu %4zu %8s %8s ", task->tree->pid,
		task->tree->ppid, task->tree->pgid, task->tree->sid, state_text(task),
		task->n_threads, task->table ? task->table->n : 0, all, kept);
	branches(place, out);
	fprintf(out, "%s\n", plain);
	return 0;
}

static int tree(const struct image_view *view, const struct view_place *place, FILE *out,
		struct err *err)
{
	fprintf(out, "%7s %7s %7s %7s %-7s %3s %4s %8s %8s %s\n", "PID", "PPID", "PGID", "SID",
		"STATE", "THR", "FDS", "MAPPED", "IN IMAGE", "COMMAND");
	for (size_t i = 0; i < view->n_tasks; i++)
		if (tree_line(view, &place[i], out, err) < 0)
			return err->code;
	return 0;
}

/* --- one task */

static void threads(const struct image_view *view, const struct view_task *task, FILE *out)
{
	fputs("  threads", out);
	for (size_t i = 0; i < task->n_threads; i++)
		fprintf(out, "%s %u %s", i ? "," : "", task->thread[i].tid,
			plain_text(view->arena, view_comm(&task->thread[i])));
	fputs("\n", out);
}

static const char *path_of(const struct image_view *view, uint32_t id)
{
	const FileEntry *file = view_file(view, id);

	return file ? file_text(view, file) : "?";
}

static void directories(const struct image_view *view, const struct view_task *task, FILE *out)
{
	if (task->space && task->space->mm)
		fprintf(out, "  exe     %s\n", path_of(view, task->space->mm->exe_file_id));
	if (task->fs)
		fprintf(out, "  cwd     %s\n  root    %s\n", path_of(view, task->fs->cwd_id),
			path_of(view, task->fs->root_id));
}

static int descriptors(const struct image_view *view, const struct view_table *table, FILE *out,
		       struct err *err)
{
	for (size_t i = 0; i < table->n; i++) {
		const FdinfoEntry *fd = table->fd[i];
		const FileEntry *file = view_file(view, fd->id);
		const char *text = file ? file_text(view, file) : "not in files.img";
		const char *access = file ? file_access(view, file) : "";

		if (!text || !access)
			return no_memory(err);
		fprintf(out, "  fd %-4u %-9s %s (%s%s)\n", fd->fd, file ? file_kind(file) : "?",
			text, access, fd->flags ? " cloexec" : "");
	}
	return 0;
}

static int regions(const struct image_view *view, const struct view_space *space, FILE *out,
		   struct err *err)
{
	const MmEntry *mm = space->mm;
	const uint64_t *pages = show_region_pages(view, space);

	if (!pages)
		return no_memory(err);
	fprintf(out, "  memory  %zu regions, %llu pages in the image\n", mm->n_vmas,
		(unsigned long long)space->n_pages);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];
		const char *text = region_text(view, vma);
		const char *size = size_text(view->arena, vma->end - vma->start);

		if (!text || !size)
			return no_memory(err);
		fprintf(out, "    %012llx-%012llx %c%c%c%c %8s %6llu pages  %s%s%s\n",
			(unsigned long long)vma->start, (unsigned long long)vma->end,
			vma->prot & PROT_READ ? 'r' : '-', vma->prot & PROT_WRITE ? 'w' : '-',
			vma->prot & PROT_EXEC ? 'x' : '-', vma->flags & MAP_SHARED ? 's' : 'p',
			size, (unsigned long long)pages[i], region_kind(vma), *text ? "\t" : "",
			text);
	}
	return 0;
}

/* What tasks share is shown with the first that has it. */
static const struct view_task *first_with(const struct image_view *view,
					  const struct view_task *task, size_t offset)
{
	const void *mine = *(const void *const *)((const char *)task + offset);

	for (size_t i = 0; i < view->n_tasks; i++)
		if (*(const void *const *)((const char *)&view->task[i] + offset) == mine)
			return &view->task[i];
	return task;
}

static int details(const struct image_view *view, const struct view_task *task, FILE *out,
		   struct err *err)
{
	const struct view_task *same;

	fprintf(out, "\ntask %u (%s)\n", task->tree->pid,
		plain_text(view->arena, view_comm(&task->thread[0])));
	threads(view, task, out);
	directories(view, task, out);
	same = first_with(view, task, offsetof(struct view_task, table));
	if (task->table && same != task)
		fprintf(out, "  fds     those of task %u\n", same->tree->pid);
	else if (task->table && descriptors(view, task->table, out, err) < 0)
		return err->code;
	same = first_with(view, task, offsetof(struct view_task, space));
	if (task->space && same != task)
		fprintf(out, "  memory  that of task %u\n", same->tree->pid);
	else if (task->space && task->space->mm && regions(view, task->space, out, err) < 0)
		return err->code;
	return 0;
}

int show_text(const struct image_view *view, FILE *out, struct err *err)
{
	const struct view_place *place = view_order(view);

	if (!place)
		return no_memory(err);
	head(view, out);
	if (tree(view, place, out, err) < 0)
		return err->code;
	for (size_t i = 0; i < view->n_tasks; i++)
		if (details(view, &view->task[place[i].task], out, err) < 0)
			return err->code;
	return 0;
}
