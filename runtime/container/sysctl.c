/* sysctl.c - host name, domain name, linux.sysctl
 *
 * config.json was checked to name nothing but what belongs to a namespace of the container.  The
 * kernel picks the namespace by the task that opens the file, so the caller's verified procfs
 * serves, whatever the container has on its /proc.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/container/init.h"
#include "runtime/container/procfs.h"

static int write_one(const struct init *init, const char *key, const char *value,
		     struct err *err)
{
	const char *file = oci_sysctl_path(init->arena, key);
	const char *path = file ? arena_printf(init->arena, "sys/%s", file) : NULL;

	return path ? procfs_write(init->proc, path, value, err)
		    : fail(err, -ENOMEM, "out of memory");
}

static int names(const struct oci_config *config, struct err *err)
{
	bool own = oci_linux_namespace(&config->linux_, CLONE_NEWUTS);

	if ((config->hostname || config->domainname) && !own)
		return fail(err, -EINVAL, "hostname: the container has no uts namespace");
	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return fail_errno(err, "hostname %s", config->hostname);
	if (config->domainname &&
	    setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return fail_errno(err, "domainname %s", config->domainname);
	return 0;
}

int sysctl_write(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct oci_pairs *list = &init->config->linux_.sysctl;
	int r = names(init->config, err);

	for (size_t i = 0; !r && i < list->n; i++)
		if (write_one(init, list->item[i].key, list->item[i].value, err))
			r = fail_in(err, "linux.sysctl: %s", list->item[i].key);
	return r;
}
