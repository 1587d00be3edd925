/* epoll.h - the two rooms of epoll: epoll.c looks and makes, epoll_watch.c watches again */
#ifndef CKRUN_FD_EPOLL_H
#define CKRUN_FD_EPOLL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct err;
struct fd_make;
struct model;
struct open_file;
struct task;

/* What makes most files fire that are ready for anything. */
#define EPOLL_READY                                                               \
	(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLRDNORM | EPOLLRDBAND | \
	 EPOLLWRNORM | EPOLLWRBAND)

/* epoll_has_fired() - a one-shot watch that waits to be armed again: of its events only the
 * flags are left, even EPOLLERR and EPOLLHUP are gone. */
static inline bool epoll_has_fired(uint32_t events)
{
	return (events & EPOLLONESHOT) && !(events & (EPOLLERR | EPOLLHUP));
}

/* epoll_adder() - a task that has the epoll, and the file as `num`; its number of the epoll. */
const struct task *epoll_adder(const struct model *model, const struct open_file *epoll,
			       const struct open_file *target, int num, int *ret_epoll);

int epoll_settle(struct fd_make *make, struct open_file *file, struct err *err);

#endif
