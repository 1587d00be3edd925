/* dump.h - the address space of a task, from the kernel into the image */
#ifndef CKRUN_MEM_DUMP_H
#define CKRUN_MEM_DUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/model/model.h"

struct err;
struct fd_dump;
struct image_dir;
struct stat_task;

/* Files that were met as mappings: 200 processes map the same few. Starts as zeroes. */
struct mem_known {
	struct mem_known_file {
		dev_t dev;
		uint64_t ino;
		const char *path;
		bool deleted;
		uint32_t flags, id;
	} * file;
	size_t n;
};

/* mem_look() - regions, marks and auxiliary vector into task->mm; mapped files and the
 * executable become files of the model.  Before anything is planted in the task.
 * Refuses regions that cannot be carried, by name and address. */
int mem_look(struct fd_dump *dump, struct mem_known *known, struct task *task,
	     const struct stat_task *stat, struct err *err);

/* mem_ask_policies() - refuses regions with a NUMA policy; task->plant is planted. */
struct calls;
int mem_ask_policies(const struct task *task, struct calls *calls, struct err *err);

/* What was written, for statistics. */
struct mem_written {
	uint64_t pages, scanned;
};

/* mem_dump() - mm-PID.img and the contents of the private regions. */
int mem_dump(struct image_dir *image, const struct task *task, struct mem_written *written,
	     struct err *err);

/* mem_dump_shared() - the contents of shared anonymous memory, each object once. */
int mem_dump_shared(struct image_dir *image, const struct model *model,
		    struct mem_written *written, struct err *err);

/* mem_dump_object() - the contents of one object, through a descriptor of its memory. */
int mem_dump_object(struct image_dir *image, uint64_t shmid, int fd,
		    struct mem_written *written, struct err *err);

#endif
