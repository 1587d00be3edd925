/* msg.c - System V message queues and the messages in them
 *
 * Seen   msgctl(2) MSG_STAT_ANY by index (Linux 4.17); msgrcv(2) with MSG_COPY (Linux 3.8,
 *        CONFIG_CHECKPOINT_RESTORE) reads the n-th message and leaves it there.  It reads no
 *        message that is longer than kernel.msgmax is now.
 * Made   msgget(2), msgsnd(2) in order.  While it is filled the queue is as long as it must be:
 *        its limit may have been lowered after messages were in it.
 * Lost   msg_stime, msg_rtime, msg_ctime, msg_lspid, msg_lrpid.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

#include "engine/image/dir.h"
#include "engine/image/limits.h"
#include "engine/image/record.h"
#include "engine/ipc/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { STAT_ANY = 13, COPY = 040000, PADDED = 8 }; /* of linux/msg.h */

struct message {
	long type;
	char text[];
};

static const struct sysv_kind kind = {
	.name = "System V message queue",
	.next_id = "/proc/sys/kernel/msg_next_id",
};

static size_t padded(size_t size)
{
	return (size + PADDED - 1) / PADDED * PADDED;
}

/* --- look */

static int add_queue(struct ipc_state *state, int id, const struct msqid_ds *ds,
		     struct err *err)
{
	struct arena *arena = state->scene.arena;
	IpcMsgEntry *entry = arena_new_struct(arena, IpcMsgEntry);
	struct ipc_queue *more =
		arena_grow(arena, state->queue, state->n_queues, sizeof(*more));

	if (!entry || !more)
		return fail(err, -ENOMEM, "message queues");
	ipc_msg_entry__init(entry);
	entry->desc = sysv_describe(arena, id, &ds->msg_perm);
	if (!entry->desc)
		return fail(err, -ENOMEM, "message queues");
	entry->qbytes = (uint32_t)ds->msg_qbytes;
	entry->qnum = (uint32_t)ds->msg_qnum;
	state->queue = more;
	state->queue[state->n_queues++] = (struct ipc_queue){entry, ds->__msg_cbytes};
	return 0;
}

int msg_look(struct ipc_state *state, struct err *err)
{
	struct msqid_ds ds;
	int r = 0, top = msgctl(0, MSG_INFO, &ds);

	if (top < 0)
		return errno == ENOSYS ? 0 : fail_errno(err, "list System V message queues");
	for (int i = 0; i <= top && r >= 0; i++) {
		int id = msgctl(i, STAT_ANY, &ds);
		if (id >= 0)
			r = add_queue(state, id, &ds, err);
		else if (errno != EINVAL && errno != EIDRM)
			return fail_errno(err, "list System V message queues");
	}
	return r;
}

/* --- dump */

static int put_message(struct image_writer *w, int id, uint32_t n, struct message *m,
		       size_t room, struct err *err)
{
	IpcMsg head = IPC_MSG__INIT;

	ssize_t size = msgrcv(id, m, room, n, IPC_NOWAIT | COPY);
	if (size < 0)
		return fail_errno(err, "copy message %u", n + 1);
	head.mtype = (uint64_t)m->type;
	head.msize = (uint32_t)size;
	memset(m->text + size, 0, padded((size_t)size) - (size_t)size);
	int r = record_put(w, &head.base, err);
	return r < 0 ? r : record_put_raw(w, m->text, padded((size_t)size), err);
}

static int put_queue(struct image_writer *w, const struct ipc_queue *queue, struct err *err)
{
	scoped_free struct message *m = malloc(sizeof(*m) + padded(queue->bytes));

	if (!m)
		return fail(err, -ENOMEM, "messages");
	int r = record_put(w, &queue->entry->base, err);
	for (uint32_t i = 0; i < queue->entry->qnum && r >= 0; i++)
		r = put_message(w, (int)queue->entry->desc->id, i, m, queue->bytes, err);
	return r;
}

int msg_dump(struct image_dir *image, const struct ipc_state *state, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;

	if (!state->n_queues)
		return 0;
	int r = image_writer_open(image, IMAGE_IPC_MSG, state->scene.ns_id, &w, err);
	for (size_t i = 0; i < state->n_queues && r >= 0; i++)
		if (put_queue(w, &state->queue[i], err) < 0)
			return fail_in(err, "%s %u", kind.name,
				       state->queue[i].entry->desc->id);
	return r < 0 ? r : image_writer_close(&w, err);
}

/* --- restore */

static int get_queue(const void *ctx, key_t key, int flags)
{
	(void)ctx;
	return msgget(key, flags);
}

static int set_queue(const IpcMsgEntry *entry, uint64_t bytes, struct err *err)
{
	struct msqid_ds ds = {.msg_qbytes = bytes};

	sysv_own(entry->desc, &ds.msg_perm);
	if (msgctl((int)entry->desc->id, IPC_SET, &ds) < 0)
		return fail_errno(err, "own it, with room for %lu bytes", bytes);
	return 0;
}

/* Room for what was sent and for all that is left; a message takes a byte of the limit even if
 * it is empty. */
static uint64_t queue_most(const struct image_reader *reader, const IpcMsgEntry *entry,
			   uint32_t size)
{
	const unsigned char *file;

	return image_reader_at(reader, &file) + record_left(reader) + size + entry->qnum;
}

static int send_message(struct image_reader *reader, struct arena *arena,
			const IpcMsgEntry *entry, struct err *err)
{
	const int id = (int)entry->desc->id;
	const void *raw;
	void *record;

	int r = record_get(reader, &ipc_msg__descriptor, arena, &record, err);
	if (r == 0)
		return fail(err, -EBADMSG, "it is missing");
	const IpcMsg *head = record;
	if (r > 0)
		r = record_get_raw(reader, padded(head->msize), &raw, err);
	if (r < 0)
		return r;
	scoped_free struct message *m = malloc(sizeof(*m) + head->msize);
	if (!m)
		return fail(err, -ENOMEM, "messages");
	m->type = (long)head->mtype;
	memcpy(m->text, raw, head->msize);
	if (msgsnd(id, m, head->msize, IPC_NOWAIT) == 0)
		return 0;
	if (errno != EAGAIN)
		return fail_errno(err, "send it");
	r = set_queue(entry, queue_most(reader, entry, head->msize), err);
	if (r >= 0 && msgsnd(id, m, head->msize, IPC_NOWAIT) < 0)
		return fail_errno(err, "send it");
	return r;
}

static int fill_queue(struct image_reader *reader, struct arena *arena,
		      const IpcMsgEntry *entry, struct err *err)
{
	int r = set_queue(entry, entry->qbytes, err);

	for (uint32_t i = 0; i < entry->qnum && r >= 0; i++)
		if (send_message(reader, arena, entry, err) < 0)
			return fail_in(err, "message %u", i + 1);
	return r < 0 ? r : set_queue(entry, entry->qbytes, err);
}

int msg_restore(const struct image_dir *image, struct ipc_state *state, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	struct arena *arena = state->scene.arena;
	void *record;

	if (!image_has(image, IMAGE_IPC_MSG, state->scene.ns_id))
		return 0;
	int r = image_reader_open(image, IMAGE_IPC_MSG, state->scene.ns_id, &reader, err);
	if (r < 0)
		return r;
	while ((r = record_get(reader, &ipc_msg_entry__descriptor, arena, &record, err)) > 0) {
		const IpcMsgEntry *entry = record;

		r = sysv_make(&kind, entry->desc, get_queue, NULL, err);
		if (r < 0)
			return r;
		if (fill_queue(reader, arena, entry, err) < 0)
			return fail_in(err, "%s %u", kind.name, entry->desc->id);
	}
	return r;
}
