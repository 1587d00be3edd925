/* procfs.h - a procfs that is one
 *
 * Labels, sysctls and scores are settings that a container could make us write into a file of
 * its own (CVE-2019-16884 and its kin).  They go through one descriptor: the caller's /proc,
 * opened before anything of a container is entered and checked to be the root of a procfs; below
 * it no link and no mount is followed.  "self" and "sys/net" there mean the task that asks,
 * also after it has entered other namespaces.
 */
#ifndef CKRUN_CONTAINER_PROCFS_H
#define CKRUN_CONTAINER_PROCFS_H

#include <sys/types.h>

struct err;

int procfs_open(int *ret_proc, struct err *err); /* O_PATH */

/* procfs_file() - a file below it; "self" links are followed, mounts and magic links not. */
int procfs_file(int proc, const char *path, int flags, int *ret_fd, struct err *err);

int procfs_write(int proc, const char *path, const char *text, struct err *err);

/* procfs_reopen() - descriptor fd of the caller once more, by its magic link. */
int procfs_reopen(int proc, int fd, int flags, int *ret_fd, struct err *err);

/* procfs_self() - the caller's pid as the procfs numbers it, or a negative errno. */
pid_t procfs_self(int proc);

#endif
