/* epoll.c - epoll(7): which files are watched, under which numbers, for what
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          tfd: number events: data: pos: ino: sdev:         Linux 3.8; ino, sdev 4.13
 *        The kernel keeps a watch by file and number, and keeps it when the number is closed
 *        while a duplicate lives: kcmp(2) KCMP_EPOLL_TFD (Linux 4.13) tells which file it is.
 * Made   when all files are: each file gets the watch's number among our own descriptors for a
 *        moment and is added there.  A signalfd is added inside the task, because it wakes the
 *        task that added it.
 *        A one-shot watch that has fired and was not armed again: it is added so that it
 *        fires, and the event is thrown away, before other watches are there.
 * Lost   an edge-triggered watch reports the present readiness once more; which task added a
 *        signalfd, if several share epoll and signalfd: the first is taken.
 * Refused  a watch on a file that no task has open any more (it is mapped or in flight);
 *        a fired one-shot watch on a file that is not ready: nothing could make it fire;
 *        busy-poll settings (EPIOCSPARAMS, Linux 6.9).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "engine/fd/epoll.h"
#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/kernel/fdinfo-epoll.h"
#include "engine/kernel/kcmp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool epoll_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[eventpoll]");
}

static int add_watch(struct model *model, EventpollFileEntry *epfd,
		     const struct epoll_watch *watch, struct err *err)
{
	EventpollTfdEntry *w = arena_new_struct(model->arena, EventpollTfdEntry);
	EventpollTfdEntry **more =
		arena_grow(model->arena, epfd->tfd, epfd->n_tfd, sizeof(EventpollTfdEntry *));

	if (!w || !more)
		return fail(err, -ENOMEM, "no memory for watch %zu", epfd->n_tfd);
	eventpoll_tfd_entry__init(w);
	w->id = epfd->id;
	w->tfd = (uint32_t)watch->tfd;
	w->events = watch->events;
	w->data = watch->data;
	w->has_pos = w->has_inode = w->has_dev = true;
	w->pos = (uint64_t)watch->pos;
	w->inode = watch->ino;
	w->dev = (uint32_t)watch->dev;
	epfd->tfd = more;
	epfd->tfd[epfd->n_tfd++] = w;
	return 0;
}

/* All files are open in this very process too, so nobody else's are compared. */
static int is_watched(int epoll, const struct epoll_watch *watch,
		      const struct open_file *target, struct err *err)
{
	const struct kcmp_who file = {.tid = getpid(), .fd = target->fd};

	return kcmp_watches(file,
			    (struct kcmp_watch){.tid = getpid(),
						.epoll = epoll,
						.tfd = (uint32_t)watch->tfd,
						.toff = watch->toff},
			    err);
}

static int find_target(const struct model *model, int epoll, const struct epoll_watch *watch,
		       const struct open_file **ret, struct err *err)
{
	for (size_t k = 0; k < model->n_files; k++) {
		const struct open_file *target = model->file[k];

		if (target->fd < 0 || target->st.st_ino != watch->ino)
			continue;
		int r = is_watched(epoll, watch, target, err);
		if (r > 0)
			*ret = target;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return refuse(err,
		      "it watches fd %d (inode %llu), which no task has open any more; remove "
		      "the watch before the checkpoint",
		      watch->tfd, (unsigned long long)watch->ino);
}

static int check_fired(const EventpollTfdEntry *w, const struct open_file *target,
		       struct err *err)
{
	struct pollfd p = {.fd = target->fd, .events = EPOLL_READY};

	if (!epoll_has_fired(w->events) || poll(&p, 1, 0) == 1)
		return 0;
	return refuse(err,
		      "its one-shot watch of fd %u (%s) has fired, and the file is not ready: "
		      "arm it again before the checkpoint",
		      w->tfd, target->link);
}

static int check_signalfd(const struct model *model, const struct open_file *epoll,
			  const EventpollTfdEntry *w, const struct open_file *target,
			  struct err *err)
{
	int num;

	if (fd_kind_of(target)->type != FD_TYPES__SIGNALFD ||
	    epoll_adder(model, epoll, target, (int)w->tfd, &num))
		return 0;
	return refuse(err,
		      "it watches a signalfd as fd %u, and no task has both; remove the watch "
		      "before the checkpoint",
		      w->tfd);
}

static int check_params(int fd, struct err *err)
{
	struct {
		uint32_t usecs;
		uint16_t budget;
		uint8_t prefer, pad;
	} params = {0};

	if (ioctl(fd, _IOR(0x8A, 2, params), &params) < 0) /* before Linux 6.9: none */
		return 0;
	if (params.usecs || params.prefer)
		return refuse(err, "its busy-poll settings cannot be carried yet; reset them "
				   "with EPIOCSPARAMS");
	return 0;
}

static int describe(struct fd_dump *dump, const struct open_file *file,
		    EventpollFileEntry *epfd, const struct epoll_watch *watch, struct err *err)
{
	const struct open_file *target = NULL;

	int r = find_target(dump->model, file->fd, watch, &target, err);
	if (r == 0)
		r = add_watch(dump->model, epfd, watch, err);
	if (r < 0)
		return r;
	EventpollTfdEntry *w = epfd->tfd[epfd->n_tfd - 1];
	w->has_file_id = true;
	w->file_id = target->id;
	r = check_fired(w, target, err);
	return r < 0 ? r : check_signalfd(dump->model, file, w, target, err);
}

static int epoll_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	EventpollFileEntry *epfd = arena_new_struct(dump->model->arena, EventpollFileEntry);
	struct epoll_watches watches = {0};

	if (!epfd)
		return fail(err, -ENOMEM, "no memory for an epoll");
	eventpoll_file_entry__init(epfd);
	epfd->id = file->id;
	epfd->flags = file->flags;
	file->entry->epfd = epfd;
	int r = check_params(file->fd, err);
	if (r == 0)
		r = fdinfo_epoll_parse(file->fdinfo, dump->model->arena, &watches, err);
	for (size_t i = 0; r == 0 && i < watches.n; i++)
		r = describe(dump, file, epfd, &watches.watch[i], err);
	return r < 0 ? r : fown_dump(dump, file, &epfd->fown, err);
}

static int epoll_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			 struct err *err)
{
	const EventpollFileEntry *epfd = file->entry->epfd;

	if (!epfd)
		return fail(err, -EPROTO, "the record has no state");
	scoped_fd int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "epoll_create1");
	int r = fown_restore(make, fd, epfd->flags, epfd->fown, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct fd_kind fd_epoll = {
	.name = "epoll",
	.type = FD_TYPES__EVENTPOLL,
	.match = epoll_match,
	.dump = epoll_dump,
	.restore = epoll_restore,
	.settle = epoll_settle,
};
