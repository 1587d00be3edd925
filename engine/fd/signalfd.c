/* signalfd.c - signalfd(2): signals that are read
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          sigmask: the wanted signals, hexadecimal          Linux 3.8
 * Made   signalfd4(2) with that mask.
 * Lost   nothing: signals pend at the task, not here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/signalfd.pb-c.h"
#include "engine/kernel/fdinfo-signalfd.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static bool signalfd_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[signalfd]");
}

static int signalfd_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	SignalfdEntry *sgfd = arena_new_struct(dump->model->arena, SignalfdEntry);

	if (!sgfd)
		return fail(err, -ENOMEM, "no memory for a signalfd");
	signalfd_entry__init(sgfd);
	int r = fdinfo_signalfd_parse(file->fdinfo, &sgfd->sigmask, err);
	if (r < 0)
		return r;
	sgfd->id = file->id;
	sgfd->flags = file->flags;
	file->entry->sgfd = sgfd;
	return fown_dump(dump, file, &sgfd->fown, err);
}

static int signalfd_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			    struct err *err)
{
	const SignalfdEntry *sgfd = file->entry->sgfd;

	if (!sgfd)
		return fail(err, -EPROTO, "the record has no state");
	/* The C library's sigset_t is wider than the kernel's. */
	scoped_fd int fd = (int)syscall(SYS_signalfd4, -1, &sgfd->sigmask,
					sizeof(sgfd->sigmask), O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "signalfd4");
	int r = fown_restore(make, fd, sgfd->flags, sgfd->fown, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct fd_kind fd_signalfd = {
	.name = "signalfd",
	.type = FD_TYPES__SIGNALFD,
	.match = signalfd_match,
	.dump = signalfd_dump,
	.restore = signalfd_restore,
};
