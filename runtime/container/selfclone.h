/* selfclone.h - run from a sealed copy, so that no container can reach the binary (CVE-2019-5736)
 *
 * A process of ours inside a container's namespaces shows its program as /proc/PID/exe; who may
 * open that for writing owns the host.  So the commands that enter a container first execute
 * themselves again from a memfd with all seals: there is nothing left to write to.
 */
#ifndef CKRUN_CONTAINER_SELFCLONE_H
#define CKRUN_CONTAINER_SELFCLONE_H

struct err;

/* selfclone() - returns 0 in the sealed copy; does not return to the original, unless it fails.
 * To be called first in main(), single-threaded. */
int selfclone(char **argv, struct err *err);

#endif
