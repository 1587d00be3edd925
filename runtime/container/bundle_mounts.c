#include <errno.h>
#include <sys/mount.h>

#include "engine/engine.h"
#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/container/bundle_mounts.h"

static void add(struct bundle_mount *list, size_t *n, const char *destination, const char *type)
{
	list[(*n)++] = (struct bundle_mount){.destination = destination, .type = type};
}

static void add_paths(struct bundle_mount *list, size_t *n, const struct oci_strings *paths,
		      const char *type)
{
	for (size_t i = 0; i < paths->n; i++)
		add(list, n, paths->item[i], type);
}

int bundle_mounts(const struct oci_config *config, struct arena *arena,
		  const struct bundle_mount **ret, size_t *ret_n, struct err *err)
{
	const struct oci_strings *masked = &config->linux_.masked_paths;
	const struct oci_strings *read_only = &config->linux_.readonly_paths;
	size_t max = config->n_mounts + masked->n + read_only->n + 1, n = 0;
	struct bundle_mount *list = arena_alloc(arena, max * sizeof(*list));

	if (!list)
		return fail(err, -ENOMEM, "mounts");
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];

		if (!(m->flags & MS_REMOUNT)) /* changes one that is there */
			add(list, &n, m->destination, m->is_bind ? "bind" : m->type);
	}
	if (config->process.terminal)
		add(list, &n, "/dev/console", "bind");
	add_paths(list, &n, read_only, "readonly");
	add_paths(list, &n, masked, "masked");
	*ret = list;
	*ret_n = n;
	return 0;
}
