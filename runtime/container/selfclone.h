/* selfclone.h - run where no container can reach the binary (CVE-2019-5736)
 *
 * A process of ours inside a container's namespaces shows its program as /proc/PID/exe; who may
 * open that for writing owns the host.  So the commands that enter a container first execute
 * themselves again: from a copy of the mount, of this one file, that is read-only and in no mount
 * namespace (open_tree(2), mount_setattr(2), Linux 5.12).  It is dissolved when execve(2) closes
 * its descriptor; what is dissolved can be neither remounted nor cloned again, by nobody.  Where
 * that is forbidden it is a sealed memfd, which costs a copy of what is loaded.
 */
#ifndef CKRUN_CONTAINER_SELFCLONE_H
#define CKRUN_CONTAINER_SELFCLONE_H

struct err;

/* selfclone() - returns 0 where it is out of reach; elsewhere it returns only when it fails.
 * To be called first in main(), single-threaded. */
int selfclone(char **argv, struct err *err);

#endif
