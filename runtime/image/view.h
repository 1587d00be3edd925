/* view.h - a whole image, read: tasks, what they share, files
 *
 * What an image lacks, as one of CRIU's or of a zombie, is NULL here; what is there and cannot
 * be read is an error.  Ids are not believed: a reference that leads nowhere is NULL.
 */
#ifndef CKRUN_RUNTIME_IMAGE_VIEW_H
#define CKRUN_RUNTIME_IMAGE_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "engine/image/dir.h"
#include "engine/image/pages.h"
#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "engine/image/schema/mm.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"

struct arena;
struct err;

struct view_thread {
	uint32_t tid;
	const CoreEntry *core;
};

struct view_space { /* an address space; several tasks may have it */
	uint32_t id;
	uint32_t pid; /* of the task under which it is stored */
	const MmEntry *mm;
	struct pages_reader *pages;
	uint64_t n_pages; /* in this image */
};

struct view_table { /* of descriptors; several tasks may have it */
	uint32_t id;
	FdinfoEntry **fd;
	size_t n;
};

struct view_task {
	const PstreeEntry *tree;
	struct view_thread *thread; /* the leader first */
	size_t n_threads;
	const TaskKobjIdsEntry *ids;
	const FsEntry *fs;
	const struct view_space *space;
	const struct view_table *table;
};

struct image_view {
	struct image_dir *dir;
	struct arena *arena;
	struct view_task *task; /* as in pstree.img */
	size_t n_tasks;
	struct view_space **space;
	size_t n_spaces;
	struct view_table **table;
	size_t n_tables;
	FileEntry **file; /* by id */
	size_t n_files;
	MemfdInodeEntry **memfd;
	size_t n_memfds;
};

int view_open(int dir, struct image_view **ret, struct err *err);
void view_close(struct image_view **view); /* for scoped() */

const struct view_task *view_task(const struct image_view *view, uint32_t pid);
const FileEntry *view_file(const struct image_view *view, uint32_t id);
const MemfdInodeEntry *view_memfd(const struct image_view *view, uint32_t inode_id);

/* view_memory() - bytes of an address space, as far as the image has them from addr on.
 * Returns how many. */
size_t view_memory(const struct view_space *space, uint64_t addr, void *to, size_t len);

/* view_first_run() - the index of the first run that ends behind addr; all are before it: n. */
size_t view_first_run(const struct pages_reader *pages, uint64_t addr);

/* view_comm() - the name of a thread; "?" if the image has none. */
const char *view_comm(const struct view_thread *thread);

/* view_command() - the arguments of a task with a space between them, or "[comm]" if the
 * image has not got them.  NULL: out of memory. */
const char *view_command(const struct image_view *view, const struct view_task *task);

/* view_place - where a task stands when the tree is drawn */
struct view_place {
	size_t task;
	unsigned int depth;
	uint64_t goes_on; /* bit n: the ancestor at depth n has a sibling below */
};

/* view_order() - every task once, children behind their parent; n_tasks places.  NULL: out of
 * memory. */
struct view_place *view_order(const struct image_view *view);

#endif
