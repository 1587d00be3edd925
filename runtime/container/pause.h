/* pause.h - stop every task of a container and let it go on */
#ifndef CKRUN_CONTAINER_PAUSE_H
#define CKRUN_CONTAINER_PAUSE_H

struct container;
struct err;

/* In runc's words: "container not running" when there is nothing to pause, "container not
 * paused" when there is nothing to resume.  A shared lock keeps a checkpoint away; not more, as
 * an `exec` into a paused container keeps its own until somebody resumes. */
int container_pause(const struct container *container, struct err *err);
int container_resume(const struct container *container, struct err *err);

#endif
