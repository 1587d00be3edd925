/* fdinfo-epoll.h - what an epoll descriptor watches
 *
 * Kernel  fs/eventpoll.c ep_show_fdinfo()                                    since
 *           tfd events data                                                  Linux 3.8
 *           pos ino sdev of the watched file                                 Linux 4.13
 * Number  tfd is the one that the file had when it was added.  It may since have been closed,
 *         with the file alive through a duplicate, or belong to another file: kcmp_watches()
 *         tells.  Several watches with one tfd are then possible.
 */
#ifndef CKRUN_KERNEL_FDINFO_EPOLL_H
#define CKRUN_KERNEL_FDINFO_EPOLL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct epoll_watch {
	int32_t tfd;
	uint32_t events; /* EPOLL*; only EPOLLONESHOT, EPOLLET, ... left: spent, not armed */
	uint64_t data;
	int64_t pos;
	uint64_t ino;
	dev_t dev;
	uint32_t toff; /* how many watches with the same tfd stand before it in the list */
};

struct epoll_watches {
	size_t n;
	struct epoll_watch *watch; /* in the kernel's order: by address of the file, then tfd */
};

int fdinfo_epoll_parse(const char *text, struct arena *arena, struct epoll_watches *ret,
		       struct err *err);

#endif
