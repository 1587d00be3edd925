/* multicast.h - groups that a socket has joined
 *
 * Kernel  The socket does not tell which.  /proc/net/igmp and /proc/net/igmp6 name all groups of
 *         the network namespace, and MCAST_MSFILTER answers for one group and interface whether
 *         this socket is in it, and which sources it hears.                  Linux 2.5.68
 */
#ifndef CKRUN_SOCK_MULTICAST_H
#define CKRUN_SOCK_MULTICAST_H

#include "engine/image/schema/inet.pb-c.h"

struct arena;
struct err;
struct open_file;

/* multicast_dump() - into the record of the file. */
int multicast_dump(struct arena *arena, const struct open_file *file, struct err *err);
int multicast_restore(int fd, const InetSkEntry *entry, struct err *err);

#endif
