#include "runtime/container/bundle_namespaces.h"
#include "oci/config.h"

struct bundle_namespaces bundle_namespaces(const struct oci_config *config)
{
	struct bundle_namespaces ret = {
		.hostname = config->hostname,
		.domainname = config->domainname,
	};

	for (size_t i = 0; i < config->linux_.n_namespaces; i++) {
		const struct oci_namespace *ns = &config->linux_.namespaces[i];

		if (ns->path)
			ret.joined |= ns->flag;
		else
			ret.made |= ns->flag;
	}
	return ret;
}
