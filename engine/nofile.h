/* nofile.h - as many descriptors as this process may have
 *
 * A checkpoint and a restore hold one for each open file of the container, and the usual soft limit
 * is 1024 (select(2) knows no more; nothing here uses it).  The hard limit is systemd's 524288.
 */
#ifndef CKRUN_ENGINE_NOFILE_H
#define CKRUN_ENGINE_NOFILE_H

#include <sys/resource.h>

/* nofile_raise() - the soft limit to the hard one; what was is for nofile_reset(). */
struct rlimit nofile_raise(void);
void nofile_reset(const struct rlimit *was);

#endif
