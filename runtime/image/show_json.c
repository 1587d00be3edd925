/* show_json.c - show.h, for programs
 *
 * {"container", "kernel", "machine", "tasks": [{"pid", "ppid", "pgid", "sid", "state", "command",
 * "threads": [{"tid", "comm"}], "exe", "cwd", "root", "files_id", "fds": [...], "memory_pid",
 * "pages", "regions": [...]}]}.  Sizes are in bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "engine/image/manifest.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/show.h"
#include "runtime/image/words.h"

static void text_put(struct json_writer *w, const char *key, const char *text)
{
	if (text && *text)
		json_string(w, key, text);
}

static void path_put(struct json_writer *w, const char *key, const struct image_view *view,
		     uint32_t id)
{
	const FileEntry *file = view_file(view, id);

	if (file)
		text_put(w, key, file_text(view, file));
}

static void threads_put(struct json_writer *w, const struct view_task *task)
{
	json_array(w, "threads");
	for (size_t i = 0; i < task->n_threads; i++) {
		json_object(w, NULL);
		json_unsigned_number(w, "tid", task->thread[i].tid);
		json_string(w, "comm", view_comm(&task->thread[i]));
		json_end(w);
	}
	json_end(w);
}

static void fds_put(struct json_writer *w, const struct image_view *view,
		    const struct view_table *table)
{
	json_unsigned_number(w, "files_id", table->id);
	json_array(w, "fds");
	for (size_t i = 0; i < table->n; i++) {
		const FdinfoEntry *fd = table->fd[i];
		const FileEntry *file = view_file(view, fd->id);

		json_object(w, NULL);
		json_unsigned_number(w, "fd", fd->fd);
		json_unsigned_number(w, "file", fd->id);
		json_bool(w, "cloexec", fd->flags != 0);
		if (file) {
			json_string(w, "kind", file_kind(file));
			text_put(w, "text", file_text(view, file));
			text_put(w, "access", file_access(view, file));
		}
		json_end(w);
	}
	json_end(w);
}

static void region_put(struct json_writer *w, const struct image_view *view,
		       const VmaEntry *vma, uint64_t pages)
{
	char prot[5] = {vma->prot & PROT_READ ? 'r' : '-', vma->prot & PROT_WRITE ? 'w' : '-',
			vma->prot & PROT_EXEC ? 'x' : '-', vma->flags & MAP_SHARED ? 's' : 'p'};

	json_object(w, NULL);
	json_unsigned_number(w, "start", vma->start);
	json_unsigned_number(w, "size", vma->end - vma->start);
	json_string(w, "prot", prot);
	json_string(w, "kind", region_kind(vma));
	text_put(w, "text", region_text(view, vma));
	json_unsigned_number(w, "pages", pages);
	json_end(w);
}

static int memory_put(struct json_writer *w, const struct image_view *view,
		      const struct view_space *space, struct err *err)
{
	const uint64_t *pages = show_region_pages(view, space);

	if (!pages)
		return fail(err, -ENOMEM, "out of memory");
	json_unsigned_number(w, "memory_pid", space->pid);
	json_unsigned_number(w, "pages", space->n_pages);
	json_array(w, "regions");
	for (size_t i = 0; i < space->mm->n_vmas; i++)
		region_put(w, view, space->mm->vmas[i], pages[i]);
	json_end(w);
	return 0;
}

static int task_put(struct json_writer *w, const struct image_view *view,
		    const struct view_task *task, struct err *err)
{
	const struct view_space *space = task->space;

	json_object(w, NULL);
	json_unsigned_number(w, "pid", task->tree->pid);
	json_unsigned_number(w, "ppid", task->tree->ppid);
	json_unsigned_number(w, "pgid", task->tree->pgid);
	json_unsigned_number(w, "sid", task->tree->sid);
	json_string(w, "state", state_text(task));
	text_put(w, "command", view_command(view, task));
	threads_put(w, task);
	if (space && space->mm)
		path_put(w, "exe", view, space->mm->exe_file_id);
	if (task->fs) {
		path_put(w, "cwd", view, task->fs->cwd_id);
		path_put(w, "root", view, task->fs->root_id);
	}
	if (task->table)
		fds_put(w, view, task->table);
	int r = space && space->mm ? memory_put(w, view, space, err) : 0;
	json_end(w);
	return r;
}

int show_json(const struct image_view *view, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_SPACES);
	const struct image_about *about = image_about(view->dir);
	int r = 0;

	if (!w)
		return fail(err, -ENOMEM, "out of memory");
	json_object(w, NULL);
	if (about) {
		text_put(w, "container", about->container);
		text_put(w, "kernel", about->host.kernel_release);
		text_put(w, "machine", about->host.machine);
	}
	json_array(w, "tasks");
	for (size_t i = 0; i < view->n_tasks && r == 0; i++)
		r = task_put(w, view, &view->task[i], err);
	json_end(w);
	json_end(w);
	return r < 0 ? r : json_writer_take(w, ret, err);
}
