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
#include <linux/kcmp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "engine/fd/epoll.h"
#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool epoll_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[eventpoll]");
}

static bool scan_field(const char **at, const char *key, unsigned int base, uint64_t *ret)
{
	scan_blanks(at);
	if (!scan_lit(at, key))
		return false;
	scan_blanks(at);
	return scan_u64(at, base, ret);
}

static bool scan_watch(const char *line, EventpollTfdEntry *w)
{
	uint64_t tfd, events, pos, dev;

	if (!scan_field(&line, "tfd:", 10, &tfd) ||
	    !scan_field(&line, "events:", 16, &events) ||
	    !scan_field(&line, "data:", 16, &w->data) || !scan_field(&line, "pos:", 10, &pos) ||
	    !scan_field(&line, "ino:", 16, &w->inode) || !scan_field(&line, "sdev:", 16, &dev))
		return false;
	w->tfd = (uint32_t)tfd;
	w->events = (uint32_t)events;
	w->pos = pos;
	w->dev = (uint32_t)dev;
	w->has_pos = w->has_inode = w->has_dev = true;
	return true;
}

static int add_watch(struct model *model, EventpollFileEntry *epfd, const char *line,
		     struct err *err)
{
	EventpollTfdEntry *w = arena_new_struct(model->arena, EventpollTfdEntry);
	EventpollTfdEntry **more =
		arena_grow(model->arena, epfd->tfd, epfd->n_tfd, sizeof(EventpollTfdEntry *));

	if (!w || !more)
		return fail(err, -ENOMEM, "no memory for watch %zu", epfd->n_tfd);
	eventpoll_tfd_entry__init(w);
	w->id = epfd->id;
	if (!scan_watch(line, w))
		return fail(err, -EPROTO, "fdinfo \"%.40s\" is no watch", line);
	epfd->tfd = more;
	epfd->tfd[epfd->n_tfd++] = w;
	return 0;
}

static int scan_watches(struct model *model, const struct open_file *file,
			EventpollFileEntry *epfd, struct err *err)
{
	const char *line = file->fdinfo;

	do {
		if (strncmp(line, "tfd:", 4))
			continue;
		int r = add_watch(model, epfd, line, err);
		if (r < 0)
			return r;
	} while (scan_line(&line));
	return 0;
}

/* How many watches before this one have its number: that is how kcmp(2) counts. */
static uint32_t offset_of(const EventpollFileEntry *epfd, size_t i)
{
	uint32_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += epfd->tfd[k]->tfd == epfd->tfd[i]->tfd;
	return n;
}

static int is_watched(int epoll, const EventpollFileEntry *epfd, size_t i,
		      const struct open_file *target, struct err *err)
{
	struct kcmp_epoll_slot slot = {
		.efd = (uint32_t)epoll,
		.tfd = epfd->tfd[i]->tfd,
		.toff = offset_of(epfd, i),
	};
	pid_t self = getpid();

	long r = syscall(SYS_kcmp, self, self, KCMP_EPOLL_TFD, target->fd, &slot);
	return r < 0 ? fail_errno(err, "kcmp KCMP_EPOLL_TFD %u", slot.tfd) : r == 0;
}

static int find_target(const struct model *model, int epoll, EventpollFileEntry *epfd, size_t i,
		       struct open_file **ret, struct err *err)
{
	EventpollTfdEntry *w = epfd->tfd[i];

	for (size_t k = 0; k < model->n_files; k++) {
		struct open_file *target = model->file[k];

		if (target->fd < 0 || target->st.st_ino != w->inode)
			continue;
		int r = is_watched(epoll, epfd, i, target, err);
		if (r < 0)
			return r;
		if (r) {
			w->has_file_id = true;
			w->file_id = target->id;
			*ret = target;
			return 0;
		}
	}
	return refuse(err,
		      "it watches fd %u (inode %llu), which no task has open any more; remove "
		      "the watch before the checkpoint",
		      w->tfd, (unsigned long long)w->inode);
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

static int epoll_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	EventpollFileEntry *epfd = arena_new_struct(dump->model->arena, EventpollFileEntry);

	if (!epfd)
		return fail(err, -ENOMEM, "no memory for an epoll");
	eventpoll_file_entry__init(epfd);
	epfd->id = file->id;
	epfd->flags = file->flags;
	file->entry->epfd = epfd;
	int r = check_params(file->fd, err);
	if (r == 0)
		r = scan_watches(dump->model, file, epfd, err);
	for (size_t i = 0; r == 0 && i < epfd->n_tfd; i++) {
		struct open_file *target = NULL;

		r = find_target(dump->model, file->fd, epfd, i, &target, err);
		if (r == 0)
			r = check_fired(epfd->tfd[i], target, err);
		if (r == 0)
			r = check_signalfd(dump->model, file, epfd->tfd[i], target, err);
	}
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
