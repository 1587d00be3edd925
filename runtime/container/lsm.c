/* lsm.c - AppArmor profile and SELinux label, in force from the next execve(2)
 *
 * Written through the verified procfs (CVE-2019-16884).  On a host that has no such module the
 * container would run unconfined although its config says otherwise: refused.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/container/init.h"
#include "runtime/container/procfs.h"

/* Engines write "unconfined" where they want none, AppArmor or not. */
static bool is_none(const char *name)
{
	return !name || !*name || !strcmp(name, "unconfined");
}

static int apparmor(const struct init *init, const char *profile, struct err *err)
{
	char command[512];
	struct err other;

	snprintf(command, sizeof(command), "exec %s", profile);
	/* Linux 5.8; attr/exec belongs to the first module that wants it */
	if (!procfs_write(init->proc, "thread-self/attr/apparmor/exec", command, &other))
		return 0;
	if (procfs_write(init->proc, "thread-self/attr/exec", command, err))
		return fail_in(err, "process.apparmorProfile %s: apparmor not supported here",
			       profile);
	return 0;
}

static int selinux(const struct init *init, const char *label, struct err *err)
{
	if (procfs_write(init->proc, "thread-self/attr/exec", label, err))
		return fail_in(err, "process.selinuxLabel %s: SELinux is not in use here",
			       label);
	return 0;
}

int lsm_label(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const char *profile = init->process->apparmor_profile;
	const char *label = init->process->selinux_label;
	int r = 0;

	if (!is_none(profile))
		r = apparmor(init, profile, err);
	if (!r && label && *label)
		r = selinux(init, label, err);
	return r;
}
