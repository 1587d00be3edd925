#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/kernel/fdlist.h"
#include "engine/kernel/kcmp.h"
#include "engine/sock/rights.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

void rights_close(struct rights *rights)
{
	for (size_t i = 0; i < rights->n; i++)
		scope_close(&rights->fd[i]);
	rights->n = 0;
}

static int find(const struct model *model, int fd, const struct stat *st,
		struct open_file **ret, struct err *err)
{
	const struct kcmp_who ours = {getpid(), fd};

	*ret = NULL;
	for (size_t i = 0; i < model->n_files && !*ret; i++) {
		struct open_file *file = model->file[i];
		const struct kcmp_who theirs = {getpid(), file->fd};
		int order = 1;

		if (file->fd < 0 || file->st.st_ino != st->st_ino ||
		    file->st.st_dev != st->st_dev)
			continue;
		int r = kcmp_order(KIND_FILE, ours, theirs, &order, err);
		if (r < 0)
			return r;
		if (order == 0)
			*ret = file;
	}
	return 0;
}

/* As the survey sees a descriptor of a task, by a descriptor of ours. */
static int describe(struct arena *arena, struct open_file *file, struct err *err)
{
	struct fdlist_entry entry = {0};
	char path[64], link[PATH_MAX];
	scoped_free char *info = NULL;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return fail_errno(err, "read %s", path);
	link[n] = '\0';
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file->fd);
	int r = file_read(AT_FDCWD, path, &info, err);
	if (r >= 0)
		r = fdlist_parse(info, &entry, err);
	if (r < 0)
		return r;
	file->link = arena_strdup(arena, link);
	file->fdinfo = arena_strdup(arena, info);
	file->mnt_id = (int)entry.mnt_id;
	file->pos = entry.pos;
	file->flags = entry.flags & ~(uint32_t)O_CLOEXEC;
	return file->link && file->fdinfo ? 0 : fail(err, -ENOMEM, "no memory for a file");
}

static int add(struct fd_dump *dump, const struct open_file *socket, int *fd_taken,
	       const struct stat *st, struct open_file **ret, struct err *err)
{
	struct arena *arena = dump->model->arena;
	struct open_file *file = model_add_file(dump->model);
	FileEntry *entry = arena_new_struct(arena, FileEntry);

	if (!file || !entry)
		return fail(err, -ENOMEM, "no memory for a file");
	file->fd = take_fd(fd_taken);
	file->st = *st;
	file->holder = socket->holder;
	file->num = socket->num;
	int r = describe(arena, file, err);
	if (r < 0)
		return r;
	file_entry__init(entry);
	file->entry = entry;
	file->kind = fd_kind_of(file);
	entry->type = file->kind->type;
	entry->id = file->id;
	*ret = file;
	return 0;
}

static int identify(struct fd_dump *dump, const struct open_file *socket, int *fd,
		    uint32_t *ret, struct err *err)
{
	struct open_file *file = NULL;
	struct stat st;

	if (fstat(*fd, &st) < 0)
		return fail_errno(err, "look at a descriptor in flight");
	int r = find(dump->model, *fd, &st, &file, err);
	if (r == 0 && !file)
		r = add(dump, socket, fd, &st, &file, err);
	if (r == 0)
		*ret = file->id;
	return r;
}

int rights_dump(struct fd_dump *dump, const struct open_file *socket, struct rights *rights,
		SkPacketEntry *packet, struct err *err)
{
	struct arena *arena = dump->model->arena;
	ScmEntry *scm = arena_new_struct(arena, ScmEntry);
	int r = 0;

	if (!rights->n)
		return 0;
	packet->scm = arena_alloc(arena, sizeof(ScmEntry *));
	uint32_t *id = arena_alloc(arena, rights->n * sizeof(*id));
	if (!scm || !packet->scm || !id)
		return fail(err, -ENOMEM, "no memory for descriptors in flight");
	scm_entry__init(scm);
	scm->type = SCM_RIGHTS;
	scm->rights = id;
	scm->n_rights = rights->n;
	packet->scm[0] = scm;
	packet->n_scm = 1;
	for (size_t i = 0; r == 0 && i < rights->n; i++)
		r = identify(dump, socket, &rights->fd[i], &id[i], err);
	return r;
}

int rights_make(struct fd_make *make, const SkPacketEntry *packet, struct rights *ret,
		struct err *err)
{
	ret->n = 0;
	for (size_t i = 0; i < packet->n_scm; i++) {
		const ScmEntry *scm = packet->scm[i];

		if (scm->type != SCM_RIGHTS || scm->n_rights > RIGHTS_MAX - ret->n)
			return fail(err, -EPROTO, "%zu things of type %u in flight",
				    scm->n_rights, scm->type);
		for (size_t k = 0; k < scm->n_rights; k++) {
			int r = fd_make_file(make, scm->rights[k], &ret->fd[ret->n], err);
			if (r < 0)
				return fail_in(err, "a descriptor in flight");
			ret->n++;
		}
	}
	return 0;
}
