#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/model/model.h"
#include "runtime/base/arena.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

struct task *model_add_task(struct model *model)
{
	struct task *task = arena_new_struct(model->arena, struct task);
	struct task **more =
		arena_grow(model->arena, model->task, model->n_tasks, sizeof(struct task *));

	if (!task || !more)
		return NULL;
	task->pidfd = -1;
	model->task = more;
	model->task[model->n_tasks++] = task;
	return task;
}

void model_drop_task(struct model *model)
{
	scope_close(&model->task[--model->n_tasks]->pidfd);
}

struct open_file *model_add_file(struct model *model)
{
	struct open_file *file = arena_new_struct(model->arena, struct open_file);
	struct open_file **more = arena_grow(model->arena, model->file, model->n_files,
					     sizeof(struct open_file *));

	if (!file || !more)
		return NULL;
	file->fd = -1;
	model->file = more;
	model->file[model->n_files++] = file;
	file->id = (uint32_t)model->n_files;
	return file;
}

struct task *model_task(const struct model *model, pid_t vpid)
{
	for (size_t i = 0; i < model->n_tasks; i++)
		if (model->task[i]->vpid == vpid)
			return model->task[i];
	return NULL;
}

struct open_file *model_file(const struct model *model, uint32_t id)
{
	/* ids of our own images count up; others leave gaps */
	if (id && id <= model->n_files && model->file[id - 1]->id == id)
		return model->file[id - 1];
	for (size_t i = 0; i < model->n_files; i++)
		if (model->file[i]->id == id)
			return model->file[i];
	return NULL;
}

pid_t *model_threads(const struct model *model, size_t *ret_n)
{
	size_t n = 0;

	for (size_t t = 0; t < model->n_tasks; t++)
		n += model->task[t]->n_threads;
	pid_t *tid = arena_alloc(model->arena, n * sizeof(*tid));
	if (!tid)
		return NULL;
	*ret_n = 0;
	for (size_t t = 0; t < model->n_tasks; t++)
		for (size_t i = 0; i < model->task[t]->n_threads; i++)
			if (model->task[t]->thread[i].tid)
				tid[(*ret_n)++] = model->task[t]->thread[i].tid;
	return tid;
}

const char *model_task_name(const struct model *model, const struct task *task)
{
	const char *comm = task->n_threads && task->thread[0].core ? task_comm(task) : "?";
	const char *name = arena_printf(model->arena, "task %d (%s)", task->vpid, comm);

	return name ? name : "task";
}

const TaskKobjIdsEntry *task_ids(const struct task *task)
{
	return task->thread[0].core->ids;
}

void model_warn(struct model *model, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(model->log, LOG_WARN, "model", "%s", text);
	const char **more = arena_grow(model->arena, model->warning, model->n_warnings,
				       sizeof(model->warning[0]));
	if (!more)
		return;
	model->warning = more;
	model->warning[model->n_warnings++] = arena_strdup(model->arena, text);
}
