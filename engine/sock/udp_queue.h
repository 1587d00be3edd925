/* udp_queue.h - datagrams that waited are sent again, from the addresses of their senders */
#ifndef CKRUN_SOCK_UDP_QUEUE_H
#define CKRUN_SOCK_UDP_QUEUE_H

struct err;
struct fd_make;
struct open_file;

/* udp_fill() - into a socket that is bound and not connected yet. */
int udp_fill(struct fd_make *make, const struct open_file *file, int fd, struct err *err);

#endif
