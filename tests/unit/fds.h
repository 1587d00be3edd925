/* fds.h - carry files of this process: kernel -> records -> kernel, without root or tasks
 *
 *	struct world w;
 *	world_start(&w);			"the container" is this process, its root is /
 *	struct open_file *file = world_see(&w, fd);
 *	world_dump(&w);				every file seen; or world_refused()
 *	world_restore(&w);			a new model: the records, through an image on disk
 *	int after = world_fd(&w, file->id);
 *
 * The descriptors stay open in this process under their numbers all the while.
 */
#ifndef CKRUN_TESTS_FDS_H
#define CKRUN_TESTS_FDS_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/fd/kind.h"
#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/kernel/fdlist.h"
#include "engine/model/model.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

struct world {
	struct arena *arena;
	struct model seen, made;
	struct fd_dump dump;
	struct fd_make make;
	struct image_dir *image;
	int dir, stdio_now[3];
	size_t number;
	struct err err;
	char text[1024];
};

static inline const char *world_why(struct world *w)
{
	return err_text(&w->err, w->text, sizeof(w->text));
}

#define world_ok(w, call)                                          \
	do {                                                       \
		if ((call) < 0) {                                  \
			printf("# %s: %s\n", #call, world_why(w)); \
			check(!"world_ok");                        \
		}                                                  \
	} while (0)

static inline struct task *world_task(struct model *model, const struct task *like)
{
	struct task *task = model_add_task(model);

	check(task);
	task->pid = getpid();
	task->vpid = 7;
	task->vpgid = task->vsid = 7;
	task->thread = arena_new_struct(model->arena, struct thread);
	task->thread[0] = (struct thread){.tid = getpid(), .vtid = 7};
	task->n_threads = 1;
	if (like) {
		task->n_fds = like->n_fds;
		task->fd = arena_copy(model->arena, like->fd, like->n_fds * sizeof(*like->fd));
	}
	return task;
}

enum { WORLDS = 16 };
static struct arena *world_arena[WORLDS];
static struct image_dir *world_image[WORLDS];
static size_t world_n;

static inline void world_end(void)
{
	for (size_t i = 0; i < world_n; i++) {
		image_close(&world_image[i]);
		arena_free(&world_arena[i]);
	}
}

static inline void *world_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static inline void world_keep(void *arena, void *p)
{
	(void)arena, (void)p;
}

static inline void world_start(struct world *w)
{
	static const InventoryEntry none = INVENTORY_ENTRY__INIT;
	InventoryEntry inventory = none;

	*w = (struct world){.stdio_now = {-1, -1, -1}};
	w->arena = arena_new();
	check(w->arena && world_n < WORLDS);
	w->number = world_n++;
	world_arena[w->number] = w->arena;
	if (world_n == 1)
		atexit(world_end);
	w->dir = scratch();
	w->seen.arena = w->made.arena = w->arena;
	world_ok(w, image_create(w->dir, &w->image, &w->err));
	world_image[w->number] = w->image;
	inventory.img_version = 2;
	world_ok(w, image_put_one(w->image, IMAGE_INVENTORY, 0, &inventory.base, &w->err));
	w->dump = (struct fd_dump){.model = &w->seen,
				   .image = w->image,
				   .root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	world_task(&w->seen, NULL);
}

static inline struct open_file *world_see(struct world *w, int fd)
{
	struct task *task = w->seen.task[0];
	struct open_file *file = model_add_file(&w->seen);
	struct fdlist_entry entry = {0};
	char path[64], link[4096], *info;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	check(n > 0);
	link[n] = '\0';
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	world_ok(w, file_read(AT_FDCWD, path, &info, &w->err));
	world_ok(w, fdlist_parse(info, &entry, &w->err));
	file->holder = task;
	file->num = fd;
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	check(file->fd >= 0 && fstat(fd, &file->st) == 0);
	file->link = arena_strdup(w->arena, link);
	file->fdinfo = arena_strdup(w->arena, info);
	free(info);
	file->mnt_id = (int)entry.mnt_id;
	file->pos = entry.pos;
	file->flags = entry.flags & ~(uint32_t)O_CLOEXEC;
	task->fd = arena_grow(w->arena, task->fd, task->n_fds, sizeof(*task->fd));
	task->fd[task->n_fds++] = (struct descriptor){.num = fd, .file = file};
	return file;
}

static inline void world_dump(struct world *w)
{
	for (size_t i = 0; i < w->seen.n_files; i++)
		world_ok(w, fd_dump_file(&w->dump, w->seen.file[i], &w->err));
	world_ok(w, fd_dump_finish(&w->dump, &w->err));
}

/* The only file that cannot be carried is refused with this sentence. */
static inline void world_refused(struct world *w, const char *sentence)
{
	int r = 0;

	for (size_t i = 0; i < w->seen.n_files && r == 0; i++)
		r = fd_dump_file(&w->dump, w->seen.file[i], &w->err);
	if (r != REFUSED || strcmp(world_why(w), sentence))
		printf("# %d: %s\n", r, world_why(w));
	check(r == REFUSED && !strcmp(world_why(w), sentence));
}

static inline void world_copy(struct world *w)
{
	ProtobufCAllocator allocator = {world_alloc, world_keep, w->arena};
	struct task *task = w->seen.task[0], *again = world_task(&w->made, task);

	for (size_t i = 0; i < w->seen.n_files; i++) {
		struct open_file *file = model_add_file(&w->made);
		const FileEntry *entry = w->seen.file[i]->entry;
		size_t len = file_entry__get_packed_size(entry);
		uint8_t *data = arena_alloc(w->arena, len);

		file_entry__pack(entry, data);
		file->entry = file_entry__unpack(&allocator, len, data);
		check(file->entry);
		close(w->seen.file[i]->fd); /* ckrun's own: the subject's stay */
	}
	for (size_t i = 0; i < again->n_fds; i++)
		again->fd[i].file = w->made.file[again->fd[i].file->id - 1];
}

static inline void world_load(struct world *w)
{
	const struct image_about about = {0};

	world_copy(w);
	world_ok(w, image_commit(w->image, &about, IMAGE_NO_SYNC, &w->err));
	image_close(&w->image);
	world_image[w->number] = NULL;
	world_ok(w, image_open(w->dir, &w->image, &w->err));
	world_image[w->number] = w->image;
	w->make = (struct fd_make){.model = &w->made,
				   .image = w->image,
				   .root = w->dump.root,
				   .stdio = w->dump.stdio,
				   .n_stdio = w->dump.n_stdio,
				   .stdio_now = w->stdio_now};
}

static inline void world_make(struct world *w)
{
	int fd;

	for (size_t i = 0; i < w->made.task[0]->n_fds; i++)
		world_ok(w,
			 fd_make_file(&w->make, w->made.task[0]->fd[i].file->id, &fd, &w->err));
	world_ok(w, fd_settle(&w->make, &w->err));
}

static inline void world_restore(struct world *w)
{
	world_load(w);
	world_make(w);
}

static inline int world_fd(struct world *w, uint32_t id)
{
	int fd = model_file(&w->made, id)->fd;

	check(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	return fd;
}

/* The usual case: one file of the given kind, carried. */
static inline int carry(struct world *w, int fd, const char *kind)
{
	world_start(w);
	struct open_file *file = world_see(w, fd);
	world_dump(w);
	check(!strcmp(file->kind->name, kind));
	world_restore(w);
	return world_fd(w, file->id);
}

#endif
