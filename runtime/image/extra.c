#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "engine/image/schema/inet.pb-c.h"
#include "engine/image/schema/ipc.pb-c.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/extra.h"
#include "runtime/image/message.h"
#include "runtime/image/out.h"
#include "runtime/image/text.h"

static int base64_put(struct json_writer *w, const char *key, const void *data, size_t len,
		      struct err *err)
{
	scoped_free char *text = base64_text(data, len);

	if (!text)
		return fail(err, -ENOMEM, "out of memory");
	json_string(w, key, text);
	return 0;
}

static int base64_get(const struct json *text, struct message_room *room, unsigned char **ret,
		      size_t *ret_len, struct err *err)
{
	if (!text || text->type != JSON_STRING)
		return fail(err, -EINVAL, "it is no text in base64");
	return base64_bytes(text->text, room->arena, ret, ret_len, err);
}

/* --- bytes */

static int plain_put(struct json_writer *w, const struct image_walk *walk,
		     const ProtobufCMessage *record, struct err *err)
{
	(void)record;
	return base64_put(w, "extra", walk->behind, walk->behind_len, err);
}

struct extra_in {
	enum image_file file;
	unsigned int n;
	const ProtobufCMessage *record;
	const struct json *extra;
};

static int length_check(size_t len, uint64_t want, struct err *err)
{
	if (len != want)
		return fail(err, -EINVAL, "%zu bytes, the record says %llu", len,
			    (unsigned long long)want);
	return 0;
}

static int plain_get(const struct extra_in *in, struct message_room *room,
		     struct bytes_out *out, struct err *err)
{
	unsigned char *data;
	size_t len;

	if (base64_get(in->extra, room, &data, &len, err) < 0)
		return err->code;
	uint64_t want = image_bytes_behind(in->file, in->n, in->record, len);
	if (length_check(len, want, err) < 0)
		return err->code;
	return out_put(out, data, len, err);
}

/* --- a ghost: in chunks it has nothing behind its head */

static bool is_chunked(unsigned int n, const ProtobufCMessage *record)
{
	return n == 1 && image_bytes_behind(IMAGE_GHOST_FILE, n, record, 1) == 0;
}

static int ghost_put(struct json_writer *w, const struct image_walk *walk,
		     const ProtobufCMessage *record, struct err *err)
{
	return is_chunked(walk->n, record) ? 0 : plain_put(w, walk, record, err);
}

static int ghost_get(const struct extra_in *in, struct message_room *room,
		     struct bytes_out *out, struct err *err)
{
	if (!is_chunked(in->n, in->record))
		return plain_get(in, room, out, err);
	return in->extra ? fail(err, -EINVAL, "its contents are in chunks, not here") : 0;
}

/* --- System V shared memory */

static bool in_pagemaps(const IpcShmEntry *shm)
{
	return shm->has_in_pagemaps && shm->in_pagemaps;
}

static int shm_put(struct json_writer *w, const struct image_walk *walk,
		   const ProtobufCMessage *record, struct err *err)
{
	const IpcShmEntry *shm = (const IpcShmEntry *)record;

	return in_pagemaps(shm) ? 0 : base64_put(w, "extra", walk->behind, shm->size, err);
}

static int shm_get(const struct extra_in *in, struct message_room *room, struct bytes_out *out,
		   struct err *err)
{
	const IpcShmEntry *shm = (const IpcShmEntry *)in->record;
	unsigned char *data;
	size_t len;

	if (in_pagemaps(shm))
		return in->extra ? fail(err, -EINVAL, "its contents are in pages, not here")
				 : 0;
	if (base64_get(in->extra, room, &data, &len, err) < 0 ||
	    length_check(len, shm->size, err) < 0 || out_put(out, data, len, err) < 0)
		return err->code;
	return out_zeros(out, -len & 3, err);
}

/* --- semaphores: 16 bits each, padded to 8 bytes */

static int sem_put(struct json_writer *w, const struct image_walk *walk,
		   const ProtobufCMessage *record, struct err *err)
{
	const uint32_t n = ((const IpcSemEntry *)record)->nsems;

	(void)err;
	json_array(w, "extra");
	for (uint32_t i = 0; i < n; i++) {
		uint16_t le;

		memcpy(&le, walk->behind + i * sizeof(le), sizeof(le));
		json_unsigned_number(w, NULL, le16toh(le));
	}
	json_end(w);
	return 0;
}

static int sem_get(const struct extra_in *in, struct message_room *room, struct bytes_out *out,
		   struct err *err)
{
	const uint32_t n = ((const IpcSemEntry *)in->record)->nsems;
	uint64_t value;

	(void)room;
	if (!in->extra || in->extra->type != JSON_ARRAY || in->extra->n != n)
		return fail(err, -EINVAL, "it is no list of %u values", n);
	for (const struct json *at = in->extra->child; at; at = at->next) {
		if (!json_unsigned(at, &value) || value > UINT16_MAX)
			return fail(err, -ERANGE, "a value of a semaphore has 16 bits");
		const uint16_t le = htole16((uint16_t)value);
		if (out_put(out, &le, sizeof(le), err) < 0)
			return err->code;
	}
	return out_zeros(out, (size_t)(-2ull * n & 7), err);
}

/* --- a TCP stream: receive queue, send queue */

static int stream_put(struct json_writer *w, const struct image_walk *walk,
		      const ProtobufCMessage *record, struct err *err)
{
	const TcpStreamEntry *stream = (const TcpStreamEntry *)record;

	json_object(w, "extra");
	int r = base64_put(w, "inq", walk->behind, stream->inq_len, err);
	if (r == 0)
		r = base64_put(w, "outq", walk->behind + stream->inq_len, stream->outq_len,
			       err);
	json_end(w);
	return r;
}

static int stream_get(const struct extra_in *in, struct message_room *room,
		      struct bytes_out *out, struct err *err)
{
	const TcpStreamEntry *stream = (const TcpStreamEntry *)in->record;
	static const char *const name[] = {"inq", "outq"};
	const uint32_t want[] = {stream->inq_len, stream->outq_len};
	unsigned char *data;
	size_t len;

	for (int i = 0; i < 2; i++)
		if (base64_get(in->extra ? json_get(in->extra, name[i]) : NULL, room, &data,
			       &len, err) < 0 ||
		    length_check(len, want[i], err) < 0 || out_put(out, data, len, err) < 0)
			return fail_in(err, "%s", name[i]);
	return 0;
}

/* --- a message queue: records with bytes of their own */

static int messages_put(struct json_writer *w, const struct image_walk *walk,
			const ProtobufCMessage *record, struct err *err)
{
	const unsigned char *at = walk->behind;
	int r = 0;

	json_array(w, "extra");
	for (uint32_t i = 0; i < ((const IpcMsgEntry *)record)->qnum && r == 0; i++) {
		uint32_t le;

		memcpy(&le, at, sizeof(le));
		/* The walk has unpacked it within its limits before. */
		IpcMsg *message = ipc_msg__unpack(NULL, le32toh(le), at + sizeof(le));
		if (!message)
			r = fail(err, -ENOMEM, "out of memory");
		if (r == 0) {
			at += sizeof(le) + le32toh(le);
			json_object(w, NULL);
			r = message_to_json(w, &message->base, 2, err);
			json_end(w);
		}
		if (r == 0) {
			r = base64_put(w, NULL, at, message->msize, err);
			at += (message->msize + 7ull) & ~7ull;
		}
		ipc_msg__free_unpacked(message, NULL);
	}
	json_end(w);
	return r;
}

static int one_message_get(const struct json *head, struct message_room *room,
			   struct bytes_out *out, struct err *err)
{
	ProtobufCMessage *message;
	unsigned char *data;
	size_t len;

	if (message_from_json(&ipc_msg__descriptor, head, NULL, room, &message, err) < 0 ||
	    base64_get(head->next, room, &data, &len, err) < 0 ||
	    length_check(len, ((IpcMsg *)message)->msize, err) < 0 ||
	    out_record(out, message, err) < 0 || out_put(out, data, len, err) < 0)
		return err->code;
	return out_zeros(out, -len & 7, err);
}

static int messages_get(const struct extra_in *in, struct message_room *room,
			struct bytes_out *out, struct err *err)
{
	const uint32_t n = ((const IpcMsgEntry *)in->record)->qnum;
	const struct json *at = in->extra ? in->extra->child : NULL;

	if (!in->extra || in->extra->type != JSON_ARRAY || in->extra->n != 2ull * n)
		return fail(err, -EINVAL, "it is no list of %u messages", n);
	for (uint32_t i = 0; i < n; i++, at = at->next->next)
		if (one_message_get(at, room, out, err) < 0)
			return fail_in(err, "message %u", i + 1);
	return 0;
}

/* Files not listed have nothing behind their records. */
static const struct {
	int (*put)(struct json_writer *w, const struct image_walk *walk,
		   const ProtobufCMessage *record, struct err *err);
	int (*get)(const struct extra_in *in, struct message_room *room, struct bytes_out *out,
		   struct err *err);
} kinds[IMAGE_FILE_TYPES] = {
	[IMAGE_PIPES_DATA] = {plain_put, plain_get},
	[IMAGE_FIFO_DATA] = {plain_put, plain_get},
	[IMAGE_SK_QUEUES] = {plain_put, plain_get},
	[IMAGE_BPFMAP_DATA] = {plain_put, plain_get},
	[IMAGE_GHOST_FILE] = {ghost_put, ghost_get},
	[IMAGE_TCP_STREAM] = {stream_put, stream_get},
	[IMAGE_IPC_SHM] = {shm_put, shm_get},
	[IMAGE_IPC_MSG] = {messages_put, messages_get},
	[IMAGE_IPC_SEM] = {sem_put, sem_get},
};

int extra_to_json(struct json_writer *w, const struct image_walk *walk,
		  const ProtobufCMessage *record, struct err *err)
{
	return kinds[walk->file].put ? kinds[walk->file].put(w, walk, record, err) : 0;
}

int extra_from_json(enum image_file file, unsigned int n, const ProtobufCMessage *record,
		    const struct json *extra, struct message_room *room, struct bytes_out *out,
		    struct err *err)
{
	const struct extra_in in = {file, n, record, extra};
	int r;

	if (kinds[file].get)
		r = kinds[file].get(&in, room, out, err);
	else
		r = extra ? fail(err, -EINVAL, "nothing stands behind these records") : 0;
	return r < 0 ? fail_in(err, "extra") : 0;
}
