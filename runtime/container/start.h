/* start.h - let a created container run */
#ifndef CKRUN_CONTAINER_START_H
#define CKRUN_CONTAINER_START_H

struct container;
struct err;

/* container_start() - returns once the program is executed and the poststart hooks have run.
 * The container must be locked for change.  A poststart hook that fails stops the container
 * (runtime-spec 1.3). */
int container_start(const struct container *container, struct err *err);

#endif
