/* holder.c - who has a file open, and what stands for stdio that leads out of the container */
#include <errno.h>
#include <string.h>

#include "engine/fd/kind.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static const struct descriptor *descriptor_of(const struct task *task,
					      const struct open_file *file)
{
	for (size_t i = 0; i < task->n_fds; i++)
		if (task->fd[i].file == file)
			return &task->fd[i];
	return NULL;
}

const struct task *fd_holder(const struct model *model, const struct open_file *file,
			     int *ret_num)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct descriptor *d = descriptor_of(model->task[i], file);

		if (d) {
			*ret_num = d->num;
			return model->task[i];
		}
	}
	return NULL;
}

/* The number of the file among the stdio of a root, or -1. */
static int stdio_num(const struct model *model, const struct open_file *file)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];
		const struct descriptor *d = task->parent ? NULL : descriptor_of(task, file);

		if (d && d->num <= 2) /* ascending: the first is the lowest */
			return d->num;
	}
	return -1;
}

static int link_num(const struct stdio_link *stdio, size_t n, const char *link)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(stdio[i].link, link))
			return stdio[i].num;
	return -1;
}

int fd_stdio_add(struct fd_dump *dump, const struct open_file *file, struct err *err)
{
	int num = stdio_num(dump->model, file);

	if (dump->on_host && !dump->shell_job)
		return fail(err, -ENOENT, "%s leads out; use --shell-job", file->link);

	for (int i = 0; dump->init_stdio && i < 3 && num < 0; i++)
		if (dump->init_stdio[i] && !strcmp(dump->init_stdio[i], file->link))
			num = i;

	/* Another description of the same object: /dev/stdout opened once more. */
	if (link_num(dump->stdio, dump->n_stdio, file->link) >= 0)
		return 0;
	if (num < 0)
		return fail(err, -ENOENT,
			    "%s is not the stdin, stdout or stderr of a root task", file->link);
	struct stdio_link *more = arena_grow(dump->model->arena, dump->stdio, dump->n_stdio,
					     sizeof(struct stdio_link));
	if (!more)
		return fail(err, -ENOMEM, "no memory for a link of stdio");
	more[dump->n_stdio++] = (struct stdio_link){.link = file->link, .num = num};
	dump->stdio = more;
	return 0;
}

int fd_stdio_take(const struct fd_make *make, const char *link)
{
	int num = link_num(make->stdio, make->n_stdio, link);

	if (num < 0 || num > 2 || make->stdio_now[num] < 0)
		return -ENOENT;
	return make->stdio_now[num];
}
