/* restore.h - the address space of a task, from the image into a shell of a process
 *
 * A shell has three things mapped: planted code, and beside it the kernel's vvar and vdso.  All
 * of it lies at one place that is free in every address space of the image (struct
 * mem_place), so that children made by fork have it too and regions can be put where they were.
 */
#ifndef CKRUN_MEM_RESTORE_H
#define CKRUN_MEM_RESTORE_H

#include <stdint.h>

#include "engine/mem/vdso.h"
#include "engine/model/model.h"

struct calls;
struct err;
struct fd_make;
struct image_dir;

enum { KERNEL_PARTS = 4 }; /* vvar, vvar_vclock, vdso; one to spare */

struct mem_place {
	uint64_t blob; /* PLANT_SIZE bytes */
	uint64_t park; /* behind it: the kernel's regions, as they lie to each other */
	struct {
		uint64_t offset, size; /* from park */
	} part[KERNEL_PARTS];
	unsigned int n_parts;
	uint64_t size; /* of all parts with what is between them */
	uint64_t vdso; /* offset of the vdso from park, its checksum and its functions */
	uint32_t vdso_checksum;
	struct vdso_symbols symbols;
};

/* mem_find_place() - for all tasks of the model and for shells like the process `shell`. */
int mem_find_place(const struct model *model, pid_t shell, struct mem_place *ret,
		   struct err *err);

/* mem_hollow() - unmap everything of a shell but planted code and kernel's regions, which move
 * to the place.  task->plant is planted at place->blob. */
int mem_hollow(const struct mem_place *place, struct calls *calls, const struct task *task,
	       struct err *err);

/* mem_restore() - make all regions of task->mm and fill them; moves the kernel's regions to
 * where the task had them.  The task has no descriptors that matter yet. */
struct mem_object { /* shared anonymous memory that some task has made */
	uint64_t shmid;
	int fd; /* -1: a System V segment, which has a name */
};

struct mem_restoring {
	const struct model *model;
	struct fd_make *make;
	const struct image_dir *image;
	struct calls *calls;
	const struct mem_place *place;
	int pass_num; /* the passing socket in the task */
	struct mem_object *object;
	size_t n_objects;
	uint64_t pages; /* counted */
};
int mem_restore(struct mem_restoring *r, struct task *task, struct err *err);

/* mem_fill_segment() - the contents of a System V segment that exists, unless it has them: for
 * those that no region shows. */
int mem_fill_segment(struct mem_restoring *r, const struct task *task, uint64_t shmid,
		     struct err *err);
void mem_restore_end(struct mem_restoring *r); /* gives back descriptors of shared memory */

#endif
