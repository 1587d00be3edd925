/* eventfd.c - eventfd(2): a counter that threads wait on
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          eventfd-count:     counter, hexadecimal           Linux 3.8
 *          eventfd-semaphore: 1 with EFD_SEMAPHORE           Linux 6.5
 *        Before 6.5 a read(2) tells: of a counter of 2 or more it takes 1 from a semaphore,
 *        else everything.  The tasks are stopped meanwhile and the counter is set again;
 *        an edge-triggered watch may report it once more.
 * Made   eventfd2(2) takes a 32-bit start value, the counter has 64 bits:
 *        it is made empty and filled with write(2).
 * Lost   nothing.  Waiters are system calls in progress.
 * Refused
 *        count 2^64-1, the overflow mark of the kernel: write(2) cannot make it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/eventfd.pb-c.h"
#include "engine/kernel/fdinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool eventfd_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[eventfd]");
}

static int add(int fd, uint64_t n, struct err *err)
{
	return n && write(fd, &n, sizeof(n)) < 0 ? fail_errno(err, "add %" PRIu64, n) : 0;
}

/* The counter is what it was afterwards; it never blocks: 2 or more stand in it. */
static int semaphore_by_trial(int fd, uint64_t count, uint64_t *ret, struct err *err)
{
	uint64_t extra = count < 2 ? 2 : 0, got;

	if (add(fd, extra, err) < 0)
		return err->code;
	if (read(fd, &got, sizeof(got)) < 0)
		return fail_errno(err, "read the counter");
	*ret = got == 1;
	if (got > 1)
		return add(fd, count, err);
	if (extra == 0)
		return add(fd, 1, err);
	return read(fd, &got, sizeof(got)) < 0 ? fail_errno(err, "read the counter") : 0;
}

static int eventfd_look(const struct open_file *file, uint64_t *ret_count,
			uint64_t *ret_semaphore, struct err *err)
{
	struct fdinfo_field field[] = {
		{.key = "eventfd-count:", .base = 16, .value = ret_count},
		{.key = "eventfd-semaphore:", .base = 10, .value = ret_semaphore},
	};

	int r = fdinfo_scan(file->fdinfo, field, 2, err);
	if (r < 0)
		return r;
	if (!field[0].seen)
		return fail(err, -EPROTO, "fdinfo has no %s", field[0].key);
	if (*ret_count == UINT64_MAX)
		return refuse(err, "its counter has overflowed; read it before the checkpoint");
	if (!field[1].seen)
		return semaphore_by_trial(file->fd, *ret_count, ret_semaphore, err);
	return 0;
}

static int eventfd_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	EventfdFileEntry *efd = arena_new_struct(dump->model->arena, EventfdFileEntry);
	uint64_t count = 0, semaphore = 0;

	if (!efd)
		return fail(err, -ENOMEM, "no memory for an eventfd");
	eventfd_file_entry__init(efd);
	int r = eventfd_look(file, &count, &semaphore, err);
	if (r < 0)
		return r;
	efd->id = file->id;
	efd->flags = file->flags;
	efd->counter = count;
	efd->has_semaphore = true;
	efd->semaphore = semaphore != 0;
	file->entry->efd = efd;
	return fown_dump(dump, file, &efd->fown, err);
}

static int eventfd_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			   struct err *err)
{
	const EventfdFileEntry *efd = file->entry->efd;

	if (!efd)
		return fail(err, -EPROTO, "the record has no state");
	scoped_fd int fd = eventfd(0, EFD_CLOEXEC | (efd->semaphore ? EFD_SEMAPHORE : 0));
	if (fd < 0)
		return fail_errno(err, "eventfd");
	int r = add(fd, efd->counter, err);
	if (r == 0)
		r = fown_restore(make, fd, efd->flags, efd->fown, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct fd_kind fd_eventfd = {
	.name = "eventfd",
	.type = FD_TYPES__EVENTFD,
	.match = eventfd_match,
	.dump = eventfd_dump,
	.restore = eventfd_restore,
};
