#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "engine/kernel/fdinfo.h"
#include "engine/kernel/fdlist.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

int fdlist_parse(const char *info, struct fdlist_entry *ret, struct err *err)
{
	uint64_t pos = 0, flags = 0, mnt_id = 0, ino = 0;
	struct fdinfo_field field[] = {
		{.key = "pos:", .base = 10, .value = &pos},
		{.key = "flags:", .base = 8, .value = &flags},
		{.key = "mnt_id:", .base = 10, .value = &mnt_id},
		{.key = "ino:", .base = 10, .value = &ino},
	};

	if (fdinfo_scan(info, field, sizeof(field) / sizeof(field[0]), err) < 0)
		return err->code;
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		if (!field[i].seen)
			return fail(err, -EPROTO, "fdinfo has no line %s", field[i].key);
	ret->pos = pos;
	ret->flags = (uint32_t)flags;
	ret->mnt_id = (uint32_t)mnt_id;
	ret->ino = ino;
	return 0;
}

static int read_link(int dir, const char *name, struct arena *arena, const char **ret,
		     struct err *err)
{
	char link[PATH_MAX + 1];
	ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);

	if (n < 0)
		return fail_errno(err, "link");
	link[n] = '\0';
	*ret = arena_copy(arena, link, (size_t)n + 1);
	return *ret ? 0 : fail(err, -ENOMEM, "no memory for a link");
}

static int read_info(int dir, const char *name, struct arena *arena, const char **ret,
		     struct err *err)
{
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	scoped_free char *text = NULL;

	if (fd < 0)
		return fail_errno(err, "open fdinfo");
	if (fd_text(fd, &text, err) < 0)
		return fail_in(err, "fdinfo");
	*ret = arena_strdup(arena, text);
	return *ret ? 0 : fail(err, -ENOMEM, "no memory for fdinfo");
}

static int add(int links, int infos, const char *name, struct arena *arena, struct fdlist *list,
	       struct err *err)
{
	struct fdlist_entry *e;
	const char *at = name;

	list->entry = arena_grow(arena, list->entry, list->n, sizeof(*list->entry));
	if (!list->entry)
		return fail(err, -ENOMEM, "no memory for descriptor %s", name);
	e = &list->entry[list->n];
	*e = (struct fdlist_entry){};
	if (!scan_s32(&at, &e->fd))
		return fail(err, -EPROTO, "\"%.20s\" is no descriptor", name);
	if (read_link(links, name, arena, &e->link, err) < 0 ||
	    read_info(infos, name, arena, &e->info, err) < 0 ||
	    fdlist_parse(e->info, e, err) < 0)
		return fail_in(err, "fd %s", name);
	list->n++;
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int fdlist_read(pid_t pid, pid_t tid, struct arena *arena, struct fdlist *ret, struct err *err)
{
	int links = proc_open(pid, tid, "fd", err);
	scoped_fd int infos = links < 0 ? -1 : proc_open(pid, tid, "fdinfo", err);
	scoped(close_dir) DIR *dir = links < 0 ? NULL : fdopendir(links);
	struct fdlist list = {};
	struct dirent *d;

	if (links < 0 || infos < 0)
		return err->code;
	if (!dir) {
		close(links);
		return fail(err, -ENOMEM, "no memory to list descriptors");
	}
	while (errno = 0, d = readdir(dir)) {
		if (d->d_name[0] != '.' && add(links, infos, d->d_name, arena, &list, err) < 0)
			return fail_in(err, "task %d", tid ? tid : pid);
	}
	if (errno)
		return fail_errno(err, "list the descriptors of task %d", tid ? tid : pid);
	*ret = list;
	return 0;
}
