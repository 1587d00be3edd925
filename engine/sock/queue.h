/* queue.h - packets that wait in the receive queue of a socket: sk-queues.img
 *
 * Kernel  recv(2): with MSG_PEEK and SO_PEEK_OFF every packet is seen, none is taken     Linux 3.4
 *         An empty packet is seen once only: a later look passes over it.
 *         A pending error (poll(2): POLLERR) is taken by a look at the queue; of a stream only by
 *         one behind its last byte.
 * Creds   Every packet of unix(7) has its sender's; SO_PASSCRED shows them.
 */
#ifndef CKRUN_SOCK_QUEUE_H
#define CKRUN_SOCK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/image/schema/sock.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

struct packet {
	struct packet *next;
	SkPacketEntry entry;
	const void *bytes;
};

enum queue_shape {
	QUEUE_STREAM,  /* bytes; only their number is asked for */
	QUEUE_PACKETS, /* until there is no more */
};

/* queue_dump() - look at everything that waits in the socket, in order; once, however often it is
 * asked for.  Descriptors in flight become files of the model (rights.h): so it is asked for
 * before anything is described. */
int queue_dump(struct fd_dump *dump, struct open_file *file, enum queue_shape shape,
	       struct err *err);
/* queue_finish() - write what was seen, of all kinds of sockets. */
int queue_finish(struct fd_dump *dump, struct err *err);

/* queue_first(), queue_next() - the packets of file `id` in the image, in order. */
int queue_first(struct fd_make *make, uint32_t id, const struct packet **ret, struct err *err);
const struct packet *queue_next(const struct packet *packet);

#endif
