/* keyring.c - a session keyring of the container's own
 *
 * Without one a container sees the keys of whoever started the runtime.  It is joined by name,
 * so that a process beside the init gets the same one as the init.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/container/init.h"

/* What a new session keyring has, plus search for the user's other processes: joining by name
 * needs it. */
enum { KEYRING_PERM = 0x3f000000 | 0x00010000 | 0x00020000 | 0x00080000 };

int keyring_join(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	char name[512];
	struct err w;

	if (init->request->no_new_keyring)
		return 0;
	snprintf(name, sizeof(name), "_ses.%s", init->request->id);
	long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (key < 0 && errno == ENOSYS) {
		fail_errno(&w, "the container shares the caller's session keyring");
		init_warn(ctx, &w);
		return 0;
	}
	if (key < 0)
		return fail_errno(err, "join the session keyring %s", name);
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, KEYRING_PERM) < 0)
		return fail_errno(err, "set permissions of the session keyring %s", name);
	return 0;
}
