/* validate_refs.c - validation.h: numbers by which records of one file mean those of another */
#include <stdlib.h>

#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/image/schema/cgroup.pb-c.h"
#include "engine/image/schema/filelock.pb-c.h"
#include "engine/image/schema/pipe.pb-c.h"
#include "engine/image/schema/seccomp.pb-c.h"
#include "engine/image/schema/sock.pb-c.h"
#include "engine/image/validation.h"
#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"

/* --- seccomp filters, cgroups */

struct kept {
	const SeccompEntry *seccomp;
	const CgroupEntry *cgroup;
};

/* From one filter to that which was there before it; each is visited once. */
static void chain_check(struct validation *v, const SeccompEntry *seccomp, size_t first,
			size_t *visit)
{
	size_t at = first;

	while (!visit[at]) {
		const SeccompFilter *filter = seccomp->seccomp_filters[at];

		visit[at] = first + 1;
		if (!filter->has_prev)
			return;
		if (filter->prev >= seccomp->n_seccomp_filters) {
			problem(v, "seccomp.img: filter %zu: prev: there is no filter %u", at,
				filter->prev);
			return;
		}
		at = filter->prev;
	}
	if (visit[at] == first + 1)
		problem(v, "seccomp.img: filter %zu: prev: it comes before itself", at);
}

static void filters_check(struct validation *v, const SeccompEntry *seccomp)
{
	size_t *visit = arena_alloc(v->arena, seccomp->n_seccomp_filters * sizeof(*visit));

	if (!visit)
		v->no_memory = true;
	for (size_t i = 0; visit && i < seccomp->n_seccomp_filters; i++)
		chain_check(v, seccomp, i, visit);
}

static void filter_check(struct validation *v, const struct kept *kept, uint32_t tid,
			 const ThreadCoreEntry *thread)
{
	if (!thread || !thread->has_seccomp_filter)
		return;
	if (!kept->seccomp)
		problem_missing(v, IMAGE_SECCOMP, 0);
	else if (thread->seccomp_filter >= kept->seccomp->n_seccomp_filters)
		problem(v, "core-%u.img: seccomp_filter: seccomp.img has no filter %u", tid,
			thread->seccomp_filter);
}

static void set_check(struct validation *v, const struct kept *kept, uint32_t tid, uint32_t set)
{
	/* CRIU writes none when all tasks are where it is itself. */
	if (!kept->cgroup) {
		if (!image_is_foreign(v->dir))
			problem_missing(v, IMAGE_CGROUP, 0);
		return;
	}
	for (size_t i = 0; i < kept->cgroup->n_sets; i++)
		if (kept->cgroup->sets[i]->id == set)
			return;
	problem(v, "core-%u.img: cg_set: cgroup.img has no set %u", tid, set);
}

static void thread_check(struct validation *v, const struct kept *kept, uint32_t tid)
{
	struct err err = {};
	void *record;

	if (image_get_one(v->dir, IMAGE_CORE, tid, v->arena, &record, &err) < 0)
		return; /* said with the tree */
	const CoreEntry *core = record;
	filter_check(v, kept, tid, core->thread_core);
	if (core->tc && core->tc->has_cg_set)
		set_check(v, kept, tid, core->tc->cg_set);
	if (core->thread_core && core->thread_core->has_cg_set)
		set_check(v, kept, tid, core->thread_core->cg_set);
}

static void *only_record(struct validation *v, enum image_file file)
{
	struct err err = {};
	void *record;

	return image_get_one(v->dir, file, 0, v->arena, &record, &err) < 0 ? NULL : record;
}

static void threads_check(struct validation *v)
{
	const struct kept kept = {only_record(v, IMAGE_SECCOMP), only_record(v, IMAGE_CGROUP)};

	if (kept.seccomp)
		filters_check(v, kept.seccomp);
	for (size_t i = 0; i < v->n_tasks; i++) {
		const PstreeEntry *task = v->task[i];

		for (size_t t = 0; t < task->n_threads; t++)
			thread_check(v, &kept, task->threads[t]);
	}
}

/* --- what is in pipes and sockets, and locks of files */

struct pipes { /* that have an end, sorted */
	uint32_t *id;
	size_t n;
};

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static struct pipes pipes_of(struct validation *v, enum image_file data)
{
	struct pipes pipes = {arena_alloc(v->arena, v->n_files * sizeof(uint32_t)), 0};

	if (!pipes.id) {
		v->no_memory = true;
		return pipes;
	}
	for (size_t i = 0; i < v->n_files; i++) {
		const FileEntry *file = v->file[i];

		if (data == IMAGE_PIPES_DATA && file->pipe)
			pipes.id[pipes.n++] = file->pipe->pipe_id;
		if (data == IMAGE_FIFO_DATA && file->fifo)
			pipes.id[pipes.n++] = file->fifo->pipe_id;
	}
	if (pipes.n)
		qsort(pipes.id, pipes.n, sizeof(uint32_t), by_number);
	return pipes;
}

static void pipe_check(struct validation *v, enum image_file data, const struct pipes *pipes,
		       const ProtobufCMessage *record)
{
	const uint32_t pipe = ((const PipeDataEntry *)record)->pipe_id;

	if (!pipes->n || !bsearch(&pipe, pipes->id, pipes->n, sizeof(pipe), by_number))
		problem(v, "%s: pipe_id: files.img has no end of pipe %u",
			image_name(data, 0).text, pipe);
}

static void packet_check(struct validation *v, enum image_file data, const struct pipes *pipes,
			 const ProtobufCMessage *record)
{
	const SkPacketEntry *packet = (const SkPacketEntry *)record;

	(void)pipes;
	if (!validate_file(v, packet->id_for))
		problem(v, "%s: id_for: files.img has no socket %u", image_name(data, 0).text,
			packet->id_for);
	for (size_t i = 0; i < packet->n_scm; i++)
		for (size_t j = 0; j < packet->scm[i]->n_rights; j++)
			if (!validate_file(v, packet->scm[i]->rights[j]))
				problem(v, "%s: rights: files.img has no file %u",
					image_name(data, 0).text, packet->scm[i]->rights[j]);
}

static void lock_check(struct validation *v, enum image_file data, const struct pipes *pipes,
		       const ProtobufCMessage *record)
{
	const FileLockEntry *lock = (const FileLockEntry *)record;

	(void)pipes;
	if (lock->has_file_id && !validate_file(v, lock->file_id))
		problem(v, "%s: file_id: files.img has no file %u", image_name(data, 0).text,
			lock->file_id);
}

static const struct {
	enum image_file file;
	void (*check)(struct validation *v, enum image_file data, const struct pipes *pipes,
		      const ProtobufCMessage *record);
} refer[] = {
	{IMAGE_PIPES_DATA, pipe_check},
	{IMAGE_FIFO_DATA, pipe_check},
	{IMAGE_SK_QUEUES, packet_check},
	{IMAGE_FILE_LOCKS, lock_check},
};

void validate_refs(struct validation *v)
{
	threads_check(v);
	for (size_t i = 0; i < sizeof(refer) / sizeof(refer[0]); i++) {
		scoped(image_reader_drop) struct image_reader *reader = NULL;
		struct image_walk walk = {.file = refer[i].file};
		const ProtobufCMessage *record;
		struct err err = {};

		if (image_reader_open(v->dir, walk.file, 0, &reader, &err) < 0)
			continue; /* not there, or said with the file itself */
		const struct pipes pipes = pipes_of(v, walk.file);
		walk.reader = reader;
		while (image_walk_next(&walk, v->arena, &record, &err) > 0)
			refer[i].check(v, walk.file, &pipes, record);
	}
}
