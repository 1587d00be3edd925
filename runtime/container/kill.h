/* kill.h - signals to a container's tasks */
#ifndef CKRUN_CONTAINER_KILL_H
#define CKRUN_CONTAINER_KILL_H

struct container;
struct err;

enum kill_whom { KILL_INIT, KILL_ALL };

/* signal_number() - "KILL", "SIGKILL", "sigkill" or "9"; -EINVAL. */
int signal_number(const char *text, struct err *err);

/* container_kill() - -ESRCH with runc's words if there is nobody to get it: "container not
 * running".  SIGKILL also reaches a paused container: it is thawed.  Without a pid namespace of
 * its own, SIGKILL goes to all tasks, as nothing else would end those beside the init. */
int container_kill(const struct container *container, int signal, enum kill_whom whom,
		   struct err *err);

/* container_end_tasks() - kill whatever is in the container's cgroup, frozen or not, and wait
 * until it is empty: -EBUSY after ten seconds. */
int container_end_tasks(const struct container *container, struct err *err);

#endif
