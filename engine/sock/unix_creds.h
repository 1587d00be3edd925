/* unix_creds.h - SO_PEERCRED: who was at the other end when a connection was made
 *
 * Kernel  unix(7): socketpair(2), listen(2) and connect(2) note pid, uid and gid of the caller; the
 *         other end is shown them for good, also after the caller has ended.
 * Made    in a visit of the task that it was, with the ids it had: descriptors are passed to it
 *         and taken from it.  If that task is gone, by ckrun with those ids, and the pid reads 0.
 * Lost    supplementary groups (SO_PEERGROUPS), and the pid of a task that is gone.
 */
#ifndef CKRUN_SOCK_UNIX_CREDS_H
#define CKRUN_SOCK_UNIX_CREDS_H

#include <stdint.h>

#include "engine/image/schema/sock.pb-c.h"

struct err;
struct fd_dump;
struct fd_make;
struct open_file;

/* unix_creds_dump() - what SO_PEERCRED shows; *ret stays NULL if nothing. */
int unix_creds_dump(struct fd_dump *dump, const struct open_file *file, SkUcredEntry **ret,
		    struct err *err);

/* Each is done as `creds` say; NULL: nobody knows, ckrun does it. */
int unix_socketpair(struct fd_make *make, const SkUcredEntry *creds, int type, int ret[2],
		    struct err *err);
int unix_listen(struct fd_make *make, const SkUcredEntry *creds, int fd, int backlog,
		struct err *err);
/* unix_connect() - to a socket that we hold and that has a name. */
int unix_connect(struct fd_make *make, const SkUcredEntry *creds, int fd, int to,
		 struct err *err);

#endif
