/* user.c - from root to process.user, with the capabilities of process.capabilities
 *
 * Order: stdio is given to the user, or it could not open /dev/stderr again; the bounding set
 * needs CAP_SETPCAP; groups before gid before uid, each needs the one before still in power;
 * PR_SET_KEEPCAPS carries permitted capabilities over setresuid(2) until the sets are as asked.
 */
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/container/caps.h"
#include "runtime/container/init.h"

/* What is not ours to give (a read-only or foreign file system) stays as it is. */
static int give_stdio(uid_t uid, struct err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			continue; /* closed by the caller */
		if (st.st_uid == uid || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM &&
		    errno != EROFS && errno != EACCES)
			return fail_errno(err, "give stdio %d to uid %u", fd, uid);
	}
	return 0;
}

static int change_ids(const struct oci_user *user, struct err *err)
{
	if (setgroups(user->n_additional_gids, user->additional_gids) < 0)
		return fail_errno(err, "process.user.additionalGids");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return fail_errno(err, "process.user.gid %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return fail_errno(err, "process.user.uid %u", user->uid);
	return 0;
}

int user_become(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct oci_process *process = init->process;
	int r = caps_check(&process->capabilities, err);

	if (!r && caps_ambient_lost(&process->capabilities, err))
		init_warn(init, err);
	if (!r)
		r = give_stdio(process->user.uid, err);
	if (!r)
		r = caps_bound(&process->capabilities, err);
	if (r)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return fail_errno(err, "keep the capabilities");
	r = change_ids(&process->user, err);
	if (r)
		return r;
	umask(process->user.umask.set ? (mode_t)process->user.umask.value : 0022);
	if (prctl(PR_SET_KEEPCAPS, 0) < 0)
		return fail_errno(err, "stop keeping the capabilities");
	return caps_set(&process->capabilities, err);
}
