/* validate_file.c - validation.h: what open files refer to besides themselves */
#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "engine/image/schema/tty.pb-c.h"
#include "engine/image/validation.h"

static void **all_of(struct validation *v, enum image_file file, size_t *ret_n)
{
	struct err err = {};
	void **all;

	*ret_n = 0;
	if (image_get_all(v->dir, file, 0, v->arena, &all, ret_n, &err) < 0)
		return NULL; /* not there, or said with the file itself */
	return all;
}

static bool has_terminal(void *const *all, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (((const TtyInfoEntry *)all[i])->id == id)
			return true;
	return false;
}

static bool has_memfd(void *const *all, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (((const MemfdInodeEntry *)all[i])->inode_id == id)
			return true;
	return false;
}

static void path_check(struct validation *v, const FileEntry *file, uint32_t id)
{
	const FileEntry *path = validate_file(v, id);

	if (!path || path->type != FD_TYPES__REG)
		problem(v, "files.img: file %u: its path %u is no file", file->id, id);
}

static void watches_check(struct validation *v, const FileEntry *file)
{
	for (size_t i = 0; i < file->epfd->n_tfd; i++) {
		const EventpollTfdEntry *watch = file->epfd->tfd[i];

		if (watch->has_file_id && !validate_file(v, watch->file_id))
			problem(v, "files.img: epoll %u: it watches file %u, which is missing",
				file->id, watch->file_id);
	}
}

/* A ghost has its contents in a file of its own; a link stands for another path. */
static void remaps_check(struct validation *v)
{
	size_t n;
	void **all = all_of(v, IMAGE_REMAP_FPATH, &n);

	for (size_t i = 0; i < n; i++) {
		const RemapFilePathEntry *remap = all[i];
		bool linked = remap->has_remap_type && remap->remap_type == REMAP_TYPE__LINKED;

		if (!validate_file(v, remap->orig_id))
			problem(v, "remap-fpath.img: files.img has no file %u", remap->orig_id);
		if (linked && !validate_file(v, remap->remap_id))
			problem(v, "remap-fpath.img: files.img has no file %u",
				remap->remap_id);
		if (!linked &&
		    (!remap->has_remap_type || remap->remap_type == REMAP_TYPE__GHOST))
			problem_missing(v, IMAGE_GHOST_FILE, remap->remap_id);
	}
}

void validate_files(struct validation *v)
{
	size_t n_terminals, n_memfds;
	void **terminal = all_of(v, IMAGE_TTY_INFO, &n_terminals);
	void **memfd = all_of(v, IMAGE_MEMFD_INODE, &n_memfds);

	for (size_t i = 0; i < v->n_files; i++) {
		const FileEntry *file = v->file[i];

		if (file->fifo && file->fifo->has_regf_id)
			path_check(v, file, file->fifo->regf_id);
		if (file->tty && file->tty->has_regf_id)
			path_check(v, file, file->tty->regf_id);
		if (file->tty && !has_terminal(terminal, n_terminals, file->tty->tty_info_id))
			problem(v, "files.img: file %u: tty-info.img has no terminal %u",
				file->id, file->tty->tty_info_id);
		if (file->memfd && !has_memfd(memfd, n_memfds, file->memfd->inode_id))
			problem(v, "files.img: file %u: memfd.img has no inode %u", file->id,
				file->memfd->inode_id);
		if (file->epfd)
			watches_check(v, file);
	}
	remaps_check(v);
}
