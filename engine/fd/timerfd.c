/* timerfd.c - timerfd_create(2): expirations that are read
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          clockid:, ticks:, settime flags: (octal)          Linux 3.17
 *        timerfd_gettime(2) on our descriptor gives the time left.  It also starts an interval
 *        timer that has expired and was not read, which until then stands still: the unread
 *        ticks grow by what has passed, as the next read(2) would have made them.
 * Made   timerfd_settime(2), then TFD_IOC_SET_TICKS (Linux 3.17, CONFIG_CHECKPOINT_RESTORE).
 *        An absolute timer of the wall clock expires at the same time of day as before, all
 *        others after the time that was left.
 * Lost   a change of the wall clock (TFD_TIMER_CANCEL_ON_SET) that nobody has read yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/timerfd.pb-c.h"
#include "engine/kernel/fdinfo-timerfd.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

#define SET_TICKS _IOW('T', 0, uint64_t)

enum { TRIES = 16, NS = 1000000000 };

static bool timerfd_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[timerfd]");
}

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS + (uint64_t)t->tv_nsec;
}

static int read_fdinfo(int fd, TimerfdEntry *tfd, struct err *err)
{
	struct timerfd_state state;
	scoped_free char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int r = file_read(AT_FDCWD, path, &text, err);
	if (r == 0)
		r = fdinfo_timerfd_parse(text, &state, err);
	if (r < 0)
		return r;
	tfd->clockid = (uint32_t)state.clock;
	tfd->ticks = state.ticks;
	tfd->settime_flags = state.flags;
	return 0;
}

/* Ticks and time left belong together only if the timer did not expire between the looks. */
static int look(int fd, TimerfdEntry *tfd, struct itimerspec *ret, struct err *err)
{
	struct itimerspec before;

	for (int i = 0; i < TRIES; i++) {
		if (timerfd_gettime(fd, &before) < 0)
			return fail_errno(err, "timerfd_gettime");
		int r = read_fdinfo(fd, tfd, err);
		if (r < 0)
			return r;
		if (timerfd_gettime(fd, ret) < 0)
			return fail_errno(err, "timerfd_gettime");
		uint64_t was = ns_of(&before.it_value), is = ns_of(&ret->it_value);
		if (is <= was && (is > 0 || was == 0))
			break;
	}
	return 0;
}

static bool of_wall_clock(const TimerfdEntry *tfd)
{
	return (tfd->settime_flags & TFD_TIMER_ABSTIME) &&
	       (tfd->clockid == CLOCK_REALTIME || tfd->clockid == CLOCK_REALTIME_ALARM);
}

static int timerfd_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	TimerfdEntry *tfd = arena_new_struct(dump->model->arena, TimerfdEntry);
	struct itimerspec spec = {0};
	struct timespec now;

	if (!tfd)
		return fail(err, -ENOMEM, "no memory for a timerfd");
	timerfd_entry__init(tfd);
	int r = look(file->fd, tfd, &spec, err);
	if (r < 0)
		return r;
	tfd->id = file->id;
	tfd->flags = file->flags;
	tfd->vsec = (uint64_t)spec.it_value.tv_sec;
	tfd->vnsec = (uint64_t)spec.it_value.tv_nsec;
	tfd->isec = (uint64_t)spec.it_interval.tv_sec;
	tfd->insec = (uint64_t)spec.it_interval.tv_nsec;
	if (of_wall_clock(tfd) && ns_of(&spec.it_value)) {
		clock_gettime(CLOCK_REALTIME, &now);
		tfd->has_deadline_ns = true;
		tfd->deadline_ns = ns_of(&now) + ns_of(&spec.it_value);
	}
	file->entry->tfd = tfd;
	return fown_dump(dump, file, &tfd->fown, err);
}

static int arm(int fd, const TimerfdEntry *tfd, struct err *err)
{
	struct itimerspec spec = {
		.it_value = {.tv_sec = (time_t)tfd->vsec, .tv_nsec = (long)tfd->vnsec},
		.it_interval = {.tv_sec = (time_t)tfd->isec, .tv_nsec = (long)tfd->insec},
	};
	uint64_t at = ns_of(&spec.it_value);
	struct timespec now;

	if (at == 0)
		return 0;
	if (tfd->settime_flags & TFD_TIMER_ABSTIME) {
		if (clock_gettime((clockid_t)tfd->clockid, &now) < 0)
			return fail_errno(err, "clock %u", tfd->clockid);
		at = tfd->has_deadline_ns ? tfd->deadline_ns : at + ns_of(&now);
		spec.it_value.tv_sec = (time_t)(at / NS);
		spec.it_value.tv_nsec = (long)(at % NS);
	}
	if (timerfd_settime(fd, (int)tfd->settime_flags, &spec, NULL) < 0)
		return fail_errno(err, "timerfd_settime");
	return 0;
}

static int timerfd_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			   struct err *err)
{
	const TimerfdEntry *tfd = file->entry->tfd;

	if (!tfd)
		return fail(err, -EPROTO, "the record has no state");
	scoped_fd int fd = timerfd_create((clockid_t)tfd->clockid, TFD_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "timerfd_create(%u)", tfd->clockid);
	int r = arm(fd, tfd, err);
	if (r < 0)
		return r;
	if (tfd->ticks && ioctl(fd, SET_TICKS, &tfd->ticks) < 0)
		return fail_errno(err, "TFD_IOC_SET_TICKS");
	r = fown_restore(make, fd, tfd->flags, tfd->fown, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct fd_kind fd_timerfd = {
	.name = "timerfd",
	.type = FD_TYPES__TIMERFD,
	.match = timerfd_match,
	.dump = timerfd_dump,
	.restore = timerfd_restore,
};
