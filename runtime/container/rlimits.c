/* rlimits.c - process.rlimits
 *
 * A hard limit can be raised only with CAP_SYS_RESOURCE, and RLIMIT_NOFILE never above the
 * sysctl fs.nr_open.  runc fails there and so do we, but say which limit, and what is possible.
 */
#include <errno.h>
#include <sys/resource.h>

#include "runtime/base/err.h"
#include "runtime/container/init.h"

static int set_one(const struct oci_rlimit *limit, struct err *err)
{
	const struct rlimit wanted = {limit->soft, limit->hard};
	struct rlimit now = {0};

	if (!setrlimit((__rlimit_resource_t)limit->resource, &wanted))
		return 0;
	if (errno != EPERM || getrlimit((__rlimit_resource_t)limit->resource, &now) < 0)
		return fail_errno(err, "%s %llu:%llu", limit->name,
				  (unsigned long long)limit->soft,
				  (unsigned long long)limit->hard);
	return fail(err, -EPERM,
		    "%s: %llu is above ckrun's own hard limit %llu; raising it needs"
		    " CAP_SYS_RESOURCE",
		    limit->name, (unsigned long long)limit->hard,
		    (unsigned long long)now.rlim_max);
}

int rlimits_set(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	for (size_t i = 0; i < init->process->n_rlimits; i++)
		if (set_one(&init->process->rlimits[i], err))
			return fail_in(err, "process.rlimits");
	return 0;
}
