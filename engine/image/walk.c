#include <errno.h>

#include "engine/image/inside.h"
#include "engine/image/schema/bpfmap.pb-c.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/inet.pb-c.h"
#include "engine/image/schema/ipc.pb-c.h"
#include "engine/image/schema/pipe.pb-c.h"
#include "engine/image/schema/sock.pb-c.h"
#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static uint64_t padded(uint64_t len, uint64_t to)
{
	return (len + to - 1) / to * to;
}

/* Of the n-th record of a file with so many bytes left. */
struct place {
	unsigned int n;
	uint64_t left;
};

static uint64_t pipe_bytes(const struct place *place, const void *record)
{
	(void)place;
	return ((const PipeDataEntry *)record)->bytes;
}

static uint64_t packet_bytes(const struct place *place, const void *record)
{
	(void)place;
	return ((const SkPacketEntry *)record)->length;
}

static uint64_t stream_bytes(const struct place *place, const void *record)
{
	const TcpStreamEntry *stream = record;

	(void)place;
	return (uint64_t)stream->inq_len + stream->outq_len;
}

/* The contents as a whole, or in chunks with a record each. */
static uint64_t ghost_bytes(const struct place *place, const void *record)
{
	const GhostFileEntry *ghost = record;

	if (place->n > 1)
		return ((const GhostChunkEntry *)record)->len;
	return ghost->has_chunks && ghost->chunks ? 0 : place->left;
}

static uint64_t bpfmap_bytes(const struct place *place, const void *record)
{
	const BpfmapDataEntry *map = record;

	(void)place;
	return (uint64_t)map->keys_bytes + map->values_bytes;
}

static uint64_t shm_bytes(const struct place *place, const void *record)
{
	const IpcShmEntry *shm = record;

	(void)place;
	if (shm->has_in_pagemaps && shm->in_pagemaps)
		return 0;
	return shm->size > IMAGE_FILE_MAX ? UINT64_MAX : padded(shm->size, 4);
}

static uint64_t sem_bytes(const struct place *place, const void *record)
{
	(void)place;
	return padded(2ull * ((const IpcSemEntry *)record)->nsems, 8);
}

/* Files not listed have nothing behind their records. */
static uint64_t (*const bytes_behind[IMAGE_FILE_TYPES])(const struct place *place,
							const void *record) = {
	[IMAGE_PIPES_DATA] = pipe_bytes,  [IMAGE_FIFO_DATA] = pipe_bytes,
	[IMAGE_SK_QUEUES] = packet_bytes, [IMAGE_TCP_STREAM] = stream_bytes,
	[IMAGE_GHOST_FILE] = ghost_bytes, [IMAGE_BPFMAP_DATA] = bpfmap_bytes,
	[IMAGE_IPC_SHM] = shm_bytes,      [IMAGE_IPC_SEM] = sem_bytes,
};

uint64_t image_bytes_behind(enum image_file file, unsigned int n, const void *record,
			    uint64_t left)
{
	const struct place place = {n, left};

	return bytes_behind[file] ? bytes_behind[file](&place, record) : 0;
}

/* A message queue is followed by its messages, each with a record of its own. */
static int messages_pass(struct image_walk *walk, const IpcMsgEntry *queue, struct arena *arena,
			 struct err *err)
{
	for (uint32_t i = 0; i < queue->qnum; i++) {
		const void *raw;
		void *message;
		int r = record_get(walk->reader, &ipc_msg__descriptor, arena, &message, err);

		if (r == 0)
			return fail(err, -EBADMSG, "%s: %u of %u messages are missing",
				    image_file_type(walk->file)->prefix, queue->qnum - i,
				    queue->qnum);
		if (r > 0)
			r = record_get_raw(walk->reader,
					   padded(((const IpcMsg *)message)->msize, 8), &raw,
					   err);
		if (r < 0)
			return r;
	}
	return 0;
}

int image_walk_next(struct image_walk *walk, struct arena *arena, const ProtobufCMessage **ret,
		    struct err *err)
{
	const struct image_file_type *type = image_file_type(walk->file);
	const unsigned char *file;
	const void *raw;
	void *record;
	int r = record_get(walk->reader, walk->n || !type->first ? type->message : type->first,
			   arena, &record, err);

	if (r <= 0)
		return r;
	size_t start = image_reader_at(walk->reader, &file);
	walk->n++;
	if (walk->file == IMAGE_IPC_MSG)
		r = messages_pass(walk, record, arena, err);
	else
		r = record_get_raw(walk->reader,
				   image_bytes_behind(walk->file, walk->n, record,
						      record_left(walk->reader)),
				   &raw, err);
	if (r < 0)
		return r;
	walk->behind = file + start;
	walk->behind_len = image_reader_at(walk->reader, &file) - start;
	*ret = record;
	return 1;
}

int image_walk_file(const struct image_dir *dir, enum image_file file, uint64_t id,
		    struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	scoped(arena_free) struct arena *arena = arena_new();
	const ProtobufCMessage *record;
	int r;

	if (image_file_type(file)->head == IMAGE_HEAD_NONE)
		return 0;
	if (!arena)
		return fail(err, -ENOMEM, "no memory to read a file of the image");
	r = image_reader_open(dir, file, id, &reader, err);
	if (r < 0)
		return r;
	struct image_walk walk = {.reader = reader, .file = file};
	do {
		r = image_walk_next(&walk, arena, &record, err);
	} while (r > 0);
	return r;
}
