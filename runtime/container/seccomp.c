/* seccomp.c - the compiled filter into the kernel
 *
 * The parent compiles while the child mounts (sync.h, FILTER).  With no_new_privs the filter is
 * the last thing before execve(2), so that it judges nothing of ours; without, loading it takes
 * CAP_SYS_ADMIN and it comes before privileges are dropped.
 * Refused  SCMP_ACT_NOTIFY: the descriptor would have to reach listenerPath first.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/container/init.h"
#include "runtime/container/sync.h"

static int load(struct init *init, struct err *err)
{
	const struct oci_seccomp *seccomp = &init->config->linux_.seccomp;
	int r = 0;

	if (!init->filter)
		r = init_expect(init, SYNC_FILTER, err);
	if (r)
		return r;
	const struct sock_fprog program = {
		.len = (unsigned short)(init->filter_size / sizeof(struct sock_filter)),
		.filter = init->filter,
	};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, seccomp->flags, &program) < 0)
		return fail_errno(err, "load the filter");
	return 0;
}

int seccomp_early(void *ctx, struct err *err)
{
	struct init *init = ctx;

	if (!init->config->linux_.seccomp.set || init->process->no_new_privileges)
		return 0;
	return load(init, err);
}

int seccomp_late(void *ctx, struct err *err)
{
	struct init *init = ctx;

	if (!init->config->linux_.seccomp.set || !init->process->no_new_privileges)
		return 0;
	return load(init, err);
}
