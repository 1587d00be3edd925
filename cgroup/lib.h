/* lib.h - libcgroup, for the hierarchies that it knows
 *
 * libcgroup names a cgroup by one controller and a path below that controller's mount.  It
 * does not know v1 hierarchies without a controller (name=systemd) nor a v2 hierarchy that
 * offers none, and takes the first mount of several: lib_knows() asks before each use, and
 * where it does not know, this folder does the same with plain file access.
 *
 * This room alone includes libcgroup.h, whose names (enum CGROUP_V1) clash with cgroup.h.
 */
#ifndef CKRUN_CGROUP_LIB_H
#define CKRUN_CGROUP_LIB_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* lib_forget() - what is mounted may have changed: read it again at the next question. */
void lib_forget(void);

/* lib_knows() - does libcgroup have the controller at this mount point? */
bool lib_knows(const char *controller, const char *mount);

/* lib_create() - make the cgroup, parents included; an existing one is a success. */
int lib_create(const char *controller, const char *name, struct err *err);

/* lib_set() - write one value; lib_get() - the first line of one, without newline. */
int lib_set(const char *controller, const char *name, const char *file, const char *value,
	    struct err *err);
int lib_get(const char *controller, const char *name, const char *file, char *ret, size_t size,
	    struct err *err);

#endif
