/* ttyinfo.h - a terminal: settings, size, whose controlling terminal it is
 *
 * Kernel  ioctl_tty(2)                                                       since
 *           TCGETS2, TCSETS2: speeds as numbers                              Linux 2.6.20
 *           TIOCGDEV: which terminal, also through /dev/tty                  Linux 2.6.38
 *           TIOCGEXCL, TIOCGLCKTRMIOS                                        Linux 3.8, -
 *         TIOCGSID answers only a task whose controlling terminal it is: sessions are found
 *         by tty_nr of /proc/PID/stat.
 */
#ifndef CKRUN_FD_TTYINFO_H
#define CKRUN_FD_TTYINFO_H

#include <stdint.h>

#include "engine/image/schema/tty.pb-c.h"

struct arena;
struct err;
struct model;

/* ttyinfo_look() - everything but id, type and session. */
int ttyinfo_look(struct arena *arena, int fd, TtyInfoEntry *ret, struct err *err);

/* ttyinfo_session() - sid and pgrp, as the container names them; 0: no session of the set. */
int ttyinfo_session(const struct model *model, TtyInfoEntry *info, struct err *err);

/* ttyinfo_apply() - settings and size; not TIOCEXCL, which keeps others from opening it. */
int ttyinfo_apply(int fd, const TtyInfoEntry *info, struct err *err);

#endif
