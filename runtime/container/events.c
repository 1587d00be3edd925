#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/events.h"

static const struct place {
	enum container_status status;
	bool in_bundle; /* the bundle is the working directory, as long as it is there */
} places[OCI_HOOK_KINDS] = {
	[OCI_HOOK_PRESTART] = {CONTAINER_CREATING, true},
	[OCI_HOOK_CREATE_RUNTIME] = {CONTAINER_CREATING, true},
	[OCI_HOOK_CREATE_CONTAINER] = {CONTAINER_CREATING, true},
	[OCI_HOOK_START_CONTAINER] = {CONTAINER_CREATED, false},
	[OCI_HOOK_POSTSTART] = {CONTAINER_RUNNING, true},
	[OCI_HOOK_POSTSTOP] = {CONTAINER_STOPPED, true},
};

/* with_restore_mark() - the annotations and one more; one of that name gives way */
static int with_restore_mark(const struct container *container, struct oci_pairs *ret,
			     struct err *err)
{
	const struct oci_pairs *from = &container->config.annotations;
	struct oci_pair *item = arena_alloc(container->arena, (from->n + 1) * sizeof(*item));
	char *key = arena_strdup(container->arena, RESTORE_ANNOTATION);
	char *value = arena_strdup(container->arena, "true");
	size_t n = 0;

	if (!item || !key || !value)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < from->n; i++)
		if (strcmp(from->item[i].key, key) != 0)
			item[n++] = from->item[i];
	item[n++] = (struct oci_pair){key, value};
	*ret = (struct oci_pairs){item, n};
	return 0;
}

static int state_of(const struct container *container, enum container_status status, pid_t pid,
		    enum life life, char **ret, struct err *err)
{
	struct oci_state state = container_state(container, status);
	struct oci_pairs marked;

	state.pid = pid;
	if (life == LIFE_RESTORED) {
		if (with_restore_mark(container, &marked, err) < 0)
			return err->code;
		state.annotations = &marked;
	}
	return oci_state_for_hook(&state, ret, err);
}

int event(const struct container *container, enum oci_hook_kind kind, pid_t pid, enum life life,
	  struct err *err)
{
	const struct place *place = &places[kind];
	const char *bundle = container->record.bundle;
	scoped_free char *state = NULL;

	if (!container->config.hooks[kind].n)
		return 0;
	if (state_of(container, place->status, pid, life, &state, err) < 0)
		return err->code;
	const struct hooks_request request = {
		.list = &container->config.hooks[kind],
		.kind = kind,
		.state = state,
		.dir = place->in_bundle && access(bundle, X_OK) == 0 ? bundle : NULL,
		.failure = kind == OCI_HOOK_POSTSTOP ? HOOKS_GO_ON : HOOKS_STOP,
	};
	return hooks_run(&request, err);
}
