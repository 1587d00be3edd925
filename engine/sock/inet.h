/* inet.h - what TCP and UDP have in common: addresses, options, the record
 *
 * Image   Addresses are one word for IPv4 and four for IPv6, as they lie in memory (network
 *         order); ports are numbers.  An IPv4 address of an IPv6 socket is mapped (::ffff:a.b.c.d).
 */
#ifndef CKRUN_SOCK_INET_H
#define CKRUN_SOCK_INET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/fd/kind.h"
#include "engine/image/schema/inet.pb-c.h"

struct err;
struct netdiag_inet;

union inet_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum { INET_TEXT = 64 }; /* "[ffff:...:ffff]:65535" */

/* inet_dump() - the whole record but for the protocol's own; in file->entry->isk. */
int inet_dump(struct fd_dump *dump, struct open_file *file, struct err *err);

/* inet_new() - a socket of the record's family and type, with what must be set before bind(2). */
int inet_new(const InetSkEntry *entry, int *ret_fd, struct err *err);
/* inet_source(), inet_destination() - of the record; false: the record has none such. */
bool inet_source(const InetSkEntry *entry, union inet_address *ret);
bool inet_destination(const InetSkEntry *entry, union inet_address *ret);
/* inet_bind() - 0 if there was nothing to bind. */
int inet_bind(int fd, const InetSkEntry *entry, struct err *err);
/* inet_finish() - the options, once the socket is what it shall be. */
int inet_finish(struct fd_make *make, int fd, const InetSkEntry *entry, struct err *err);

socklen_t inet_len(const union inet_address *address);
/* inet_text() - "10.0.0.2:80", "[::1]:80"; returns buf. */
const char *inet_text(const union inet_address *address, char buf[INET_TEXT]);
/* inet_plain() - the address and port, IPv4 as mapped IPv6, to compare by. */
struct inet_plain {
	struct in6_addr addr;
	uint16_t port; /* host order */
};
struct inet_plain inet_plain(const union inet_address *address);
bool inet_same(const struct inet_plain *a, const struct inet_plain *b);
/* inet_is_any() - the wildcard address of its family. */
bool inet_is_any(const struct inet_plain *plain);

#endif
