/* message.h - one protobuf message to JSON and back, by its descriptor alone
 *
 * A member per field that is set, in the order of their numbers, with the field's name: numbers,
 * true and false, enums by name (by number if it has none), bytes as base64, lists for what is
 * repeated.  Fields that the schema does not know, from an image of a later version, stand in
 * a list: {"unknown": [{"number": 23, "wire": 0, "data": "AQ==\n"}]}.
 */
#ifndef CKRUN_RUNTIME_IMAGE_MESSAGE_H
#define CKRUN_RUNTIME_IMAGE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena;
struct err;
struct json;
struct json_writer;

/* message_to_json() - its members, into an object that is open.  depth: of open messages. */
int message_to_json(struct json_writer *w, const ProtobufCMessage *message, int depth,
		    struct err *err);

/* Memory that a message may take yet; no text makes it take more. */
struct message_room {
	struct arena *arena;
	size_t left;
};

/* message_from_json() - every member must be a field of its type, every required field be
 * there.  Numbers may be written as text, "0x1f".  The member `but` is passed over. */
int message_from_json(const ProtobufCMessageDescriptor *descriptor, const struct json *object,
		      const char *but, struct message_room *room, ProtobufCMessage **ret,
		      struct err *err);

#endif
