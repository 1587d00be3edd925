/* sock.h - descriptors over unix sockets */
#ifndef CKRUN_BASE_SOCK_H
#define CKRUN_BASE_SOCK_H

struct err;

/* sock_send_fd() - one message with the text and the descriptor (SCM_RIGHTS). */
int sock_send_fd(int sock, int fd, const char *text, struct err *err);

#endif
