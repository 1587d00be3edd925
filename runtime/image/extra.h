/* extra.h - raw bytes behind a record, as the member "extra" that crit gives them
 *
 * Base64; of a TCP stream {"inq", "outq"}, of semaphores a list of their values, of a message
 * queue a list in which each message is followed by its bytes.  Padding is not shown.
 */
#ifndef CKRUN_RUNTIME_IMAGE_EXTRA_H
#define CKRUN_RUNTIME_IMAGE_EXTRA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/image/walk.h"

struct bytes_out;
struct err;
struct json;
struct json_writer;
struct message_room;

/* extra_to_json() - of the record that the walk stands at. */
int extra_to_json(struct json_writer *w, const struct image_walk *walk,
		  const ProtobufCMessage *record, struct err *err);

/* extra_from_json() - extra is NULL if there is no such member.  It must have as many bytes as
 * the n-th record says. */
int extra_from_json(enum image_file file, unsigned int n, const ProtobufCMessage *record,
		    const struct json *extra, struct message_room *room, struct bytes_out *out,
		    struct err *err);

#endif
