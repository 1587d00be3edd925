#include <errno.h>

#include "engine/engine.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/container/container.h"
#include "runtime/container/mounted.h"

int mounted_by_bundle(const struct container *container, const struct bundle_mount **ret,
		      size_t *ret_n, struct err *err)
{
	const struct oci_config *config = &container->config;
	struct bundle_mount *all =
		arena_alloc(container->arena, config->n_mounts * sizeof(*all));

	if (!all)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];

		all[i].destination = m->destination;
		all[i].type = m->is_bind ? "bind" : m->type ? m->type : "";
	}
	*ret = all;
	*ret_n = config->n_mounts;
	return 0;
}
