/* inotify.c - inotify(7): which files and directories are watched
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          inotify wd: ino: sdev: mask: fhandle-*:           Linux 3.8
 *        FIONREAD: bytes of events that nobody has read.  No path: inotify_find.c.
 * Made   inotify_init1(2); in settle(), when ckrun has made all files: each watch by its path
 *        with its number, INOTIFY_IOC_SETNEXTWD (Linux 4.18, CONFIG_CHECKPOINT_RESTORE).
 * Lost   numbers of watches that were removed may be given again; the watches count against
 *        the limit of root's, not of the user who made them.
 * Refused  events that nobody has read: reading them would take them away;
 *        a watch of an inode without a path (unlinked, not yet closed).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "engine/fd/fown.h"
#include "engine/fd/inotify.h"
#include "engine/fd/kind.h"
#include "engine/fd/path.h"
#include "engine/image/schema/fsnotify.pb-c.h"
#include "engine/kernel/fdinfo-inotify.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define SET_NEXT_WD _IOW('I', 0, int32_t)

enum { HANDLE_WORDS = 16 }; /* of the image format, at least */

static bool inotify_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:inotify");
}

/* Handle and path: CRIU opens the one, a fresh bundle has the other. */
static FhEntry *handle_of(struct arena *arena, const struct inotify_watch *watch,
			  const char *path)
{
	FhEntry *fh = arena_new_struct(arena, FhEntry);
	uint64_t *word = arena_alloc(arena, HANDLE_WORDS * sizeof(*word));

	if (!fh || !word)
		return NULL;
	fh_entry__init(fh);
	if (watch->handle_bytes && watch->handle_bytes <= HANDLE_WORDS * sizeof(*word)) {
		fh->bytes = watch->handle_bytes;
		fh->type = watch->handle_type;
		memcpy(word, watch->handle, watch->handle_bytes);
	}
	fh->handle = word;
	fh->n_handle = HANDLE_WORDS;
	fh->path = (char *)(path[1] ? path + 1 : "."); /* from the root */
	return fh;
}

static int add(struct fd_dump *dump, InotifyFileEntry *ify, const struct inotify_watch *watch,
	       struct err *err)
{
	struct arena *arena = dump->model->arena;
	const char *path = NULL;

	int r = inotify_find(dump, watch, &path, err);
	if (r < 0)
		return r;
	InotifyWdEntry *wd = arena_new_struct(arena, InotifyWdEntry);
	InotifyWdEntry **more = arena_grow(arena, ify->wd, ify->n_wd, sizeof(*more));
	if (!wd || !more)
		return fail(err, -ENOMEM, "no memory for a watch");
	inotify_wd_entry__init(wd);
	wd->id = ify->id;
	wd->i_ino = watch->ino;
	wd->mask = watch->mask;
	wd->s_dev = (uint32_t)watch->dev;
	wd->wd = (uint32_t)watch->wd;
	wd->f_handle = handle_of(arena, watch, path);
	if (!wd->f_handle)
		return fail(err, -ENOMEM, "no memory for a watch");
	ify->wd = more;
	ify->wd[ify->n_wd++] = wd;
	return 0;
}

static int inotify_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	InotifyFileEntry *ify = arena_new_struct(dump->model->arena, InotifyFileEntry);
	struct inotify_watches watches = {0};
	int unread = 0;

	if (!ify)
		return fail(err, -ENOMEM, "no memory for an inotify");
	inotify_file_entry__init(ify);
	ify->id = file->id;
	ify->flags = file->flags;
	file->entry->ify = ify;
	if (ioctl(file->fd, FIONREAD, &unread) < 0)
		return fail_errno(err, "FIONREAD");
	if (unread)
		return refuse(err,
			      "%d bytes of events are not read yet; try again when they are",
			      unread);
	int r = fdinfo_inotify_parse(file->fdinfo, dump->model->arena, &watches, err);
	for (size_t i = 0; r == 0 && i < watches.n; i++)
		r = add(dump, ify, &watches.watch[i], err);
	return r < 0 ? r : fown_dump(dump, file, &ify->fown, err);
}

static int inotify_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			   struct err *err)
{
	const InotifyFileEntry *ify = file->entry->ify;

	if (!ify)
		return fail(err, -EPROTO, "the record has no state");
	scoped_fd int fd = inotify_init1(IN_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "inotify_init1");
	int r = fown_restore(make, fd, ify->flags, ify->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int watch_again(const struct fd_make *make, int fd, const InotifyWdEntry *wd,
		       struct err *err)
{
	char self[PATH_SELF_MAX];

	if (!wd->f_handle || !wd->f_handle->path)
		return refuse(err, "the image has no path for inode %llu",
			      (unsigned long long)wd->i_ino);
	scoped_fd int at = path_open(make->root, wd->f_handle->path, O_PATH | O_NOFOLLOW);
	if (at < 0)
		return fail_errno(err, "find /%s", wd->f_handle->path);
	if (ioctl(fd, SET_NEXT_WD, wd->wd) < 0)
		return fail_errno(err, "INOTIFY_IOC_SETNEXTWD");
	int got = inotify_add_watch(fd, path_self(self, at), wd->mask);
	if (got < 0)
		return fail_errno(err, "watch /%s", wd->f_handle->path);
	if ((uint32_t)got != wd->wd)
		return fail(err, -EEXIST, "/%s is watched as %d already", wd->f_handle->path,
			    got);
	return 0;
}

static int inotify_settle(struct fd_make *make, struct open_file *file, struct err *err)
{
	const InotifyFileEntry *ify = file->entry->ify;

	for (size_t i = 0; i < ify->n_wd; i++)
		if (watch_again(make, file->fd, ify->wd[i], err) < 0)
			return fail_in(err, "watch %u", ify->wd[i]->wd);
	return 0;
}

const struct fd_kind fd_inotify = {
	.name = "inotify",
	.type = FD_TYPES__INOTIFY,
	.match = inotify_match,
	.dump = inotify_dump,
	.restore = inotify_restore,
	.settle = inotify_settle,
};
