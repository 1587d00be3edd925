/* epoll_watch.c - give an epoll its watches again */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "engine/fd/epoll.h"
#include "engine/fd/kind.h"
#include "engine/inject/calls.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static struct open_file *file_at(const struct task *task, int num)
{
	for (size_t i = 0; i < task->n_fds; i++)
		if (task->fd[i].num == num)
			return task->fd[i].file;
	return NULL;
}

static int number_of(const struct task *task, const struct open_file *file)
{
	for (size_t i = 0; i < task->n_fds; i++)
		if (task->fd[i].file == file)
			return task->fd[i].num;
	return -1;
}

const struct task *epoll_adder(const struct model *model, const struct open_file *epoll,
			       const struct open_file *target, int num, int *ret_epoll)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		int n = number_of(model->task[i], epoll);

		if (n < 0 || file_at(model->task[i], num) != target)
			continue;
		*ret_epoll = n;
		return model->task[i];
	}
	return NULL;
}

/* Images of CRIU name the file by its number only. */
static struct open_file *target_of(const struct model *model, const struct open_file *epoll,
				   const EventpollTfdEntry *w)
{
	if (w->has_file_id)
		return model_file(model, w->file_id);
	for (size_t i = 0; i < model->n_tasks; i++)
		if (number_of(model->task[i], epoll) >= 0)
			return file_at(model->task[i], (int)w->tfd);
	return NULL;
}

/* Our own limit may be below the number. */
static int have_number(int num, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fail_errno(err, "getrlimit");
	if (limit.rlim_cur > (rlim_t)num)
		return 0;
	limit.rlim_cur = (rlim_t)num + 1;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fail_errno(err, "raise the limit of descriptors to %d", num + 1);
	return 0;
}

static int add_as(int epoll, int fd, int num, uint32_t events, uint64_t data, struct err *err)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	if (fd != num && dup3(fd, num, O_CLOEXEC) < 0)
		return fail_errno(err, "dup to %d", num);
	int r = epoll_ctl(epoll, EPOLL_CTL_ADD, num, &event);
	if (r < 0)
		fail_errno(err, "watch fd %d", num);
	return r < 0 ? err->code : 0;
}

/* Our descriptor of that number, if there is one, steps aside meanwhile. */
static int add_here(int epoll, int fd, int num, uint32_t events, uint64_t data, struct err *err)
{
	int r = have_number(num, err);

	if (r < 0)
		return r;
	if (fd == num)
		return add_as(epoll, fd, num, events, data, err);
	scoped_fd int aside = fcntl(num, F_DUPFD_CLOEXEC, 0);
	int with = epoll == num ? aside : epoll;
	int flags = aside < 0 ? 0 : fcntl(num, F_GETFD);

	r = add_as(with, fd, num, events, data, err);
	if (aside < 0)
		close(num);
	else if (dup3(aside, num, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		return fail_errno(err, "dup back to %d", num);
	return r;
}

static void calls_drop(struct calls **calls)
{
	free(*calls);
}

static int add_in_task(const struct task *task, int epoll, const EventpollTfdEntry *w,
		       struct err *err)
{
	struct epoll_event event = {.events = w->events, .data.u64 = w->data};
	scoped(calls_drop) struct calls *calls = task->plant ? calls_new(task->plant) : NULL;

	if (!calls)
		return fail(err, task->plant ? -ENOMEM : -ESRCH, "task %d cannot be visited",
			    task->vpid);
	uint64_t at = calls_data(calls, &event, sizeof(event));
	calls_add(calls, "epoll_ctl", SYS_epoll_ctl, (uint64_t)epoll, EPOLL_CTL_ADD, w->tfd,
		  at);
	return calls_run(calls, task->thread[0].tid, err);
}

static int watch(struct fd_make *make, struct open_file *file, const EventpollTfdEntry *w,
		 struct err *err)
{
	struct open_file *target = target_of(make->model, file, w);
	int epoll = -1, fd = -1;

	if (!target)
		return fail(err, -EPROTO, "the image has no file for its watch of fd %u",
			    w->tfd);
	int r = fd_make_file(make, target->id, &fd, err);
	if (r < 0)
		return r;
	if (epoll_has_fired(w->events))
		return add_here(file->fd, fd, (int)w->tfd, w->events | EPOLL_READY, w->data,
				err);
	if (target->entry->type != FD_TYPES__SIGNALFD)
		return add_here(file->fd, fd, (int)w->tfd, w->events, w->data, err);
	const struct task *task = epoll_adder(make->model, file, target, (int)w->tfd, &epoll);
	if (!task)
		return fail(err, -EPROTO, "no task has the epoll and its signalfd %u", w->tfd);
	return add_in_task(task, epoll, w, err);
}

static int watch_those(struct fd_make *make, struct open_file *file, bool fired,
		       struct err *err)
{
	const EventpollFileEntry *epfd = file->entry->epfd;

	for (size_t i = 0; i < epfd->n_tfd; i++) {
		if (epoll_has_fired(epfd->tfd[i]->events) != fired)
			continue;
		int r = watch(make, file, epfd->tfd[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Each of them is ready and reports so once; then it is as it was. */
static int let_fire(const struct open_file *file, struct err *err)
{
	const EventpollFileEntry *epfd = file->entry->epfd;
	size_t fired = 0, seen = 0;
	struct epoll_event event;

	for (size_t i = 0; i < epfd->n_tfd; i++)
		fired += epoll_has_fired(epfd->tfd[i]->events);
	while (seen < fired && epoll_wait(file->fd, &event, 1, 0) == 1)
		seen++;
	if (seen < fired)
		return fail(err, -EAGAIN, "%zu of its one-shot watches did not fire",
			    fired - seen);
	return 0;
}

int epoll_settle(struct fd_make *make, struct open_file *file, struct err *err)
{
	int r = watch_those(make, file, true, err);

	if (r == 0)
		r = let_fire(file, err);
	if (r == 0)
		r = watch_those(make, file, false, err);
	return r;
}
