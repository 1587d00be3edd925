/* ns.c - which namespaces can be carried at all, and the order of the rooms */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#include "engine/kernel/namespace.h"
#include "engine/model/findings.h"
#include "engine/ns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

/* What the container may have of its own, if its bundle made or joined it; the network is
 * looked at by net.c, mounts by engine/mnt, and both are always of a bundle. */
static const struct {
	unsigned long type;
	bool by_bundle; /* false: not even so */
} rules[] = {
	{CLONE_NEWUSER, false}, {CLONE_NEWTIME, false}, {CLONE_NEWPID, true},
	{CLONE_NEWIPC, true},   {CLONE_NEWUTS, true},   {CLONE_NEWCGROUP, true},
};

static int check_one(const struct ns_scene *scene, size_t i, struct err *err)
{
	unsigned long type = rules[i].type;
	bool of_bundle = (scene->bundle.made | scene->bundle.joined) & type;
	bool ours;

	if (of_bundle && rules[i].by_bundle)
		return 0;
	int r = namespace_is_ours(scene->init, type, &ours, err);
	if (r < 0 || ours)
		return r;
	if (!rules[i].by_bundle)
		return findings_add(
			scene->refused, err,
			"the container is in a %s namespace of its own, which cannot "
			"be carried yet",
			namespace_name(type));
	return findings_add(scene->refused, err,
			    "the container's first process made itself a new %s namespace, "
			    "which cannot be carried yet; let the bundle make it",
			    namespace_name(type));
}

int ns_look(const struct ns_scene *scene, struct ns_state **ret, struct err *err)
{
	struct ns_state *state = arena_new_struct(scene->arena, struct ns_state);
	int r = state ? 0 : fail(err, -ENOMEM, "namespaces");

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && r >= 0; i++)
		r = check_one(scene, i, err);
	if (r < 0)
		return r;
	state->scene = *scene;
	if (uts_look(scene, &state->uts, err) < 0)
		return fail_in(err, "uts namespace");
	if (net_look(scene, &state->net, err) < 0)
		return fail_in(err, "network namespace");
	*ret = state;
	return 0;
}

int ns_dump(struct image_dir *image, const struct ns_state *state, struct err *err)
{
	int r = uts_dump(image, state, err);

	return r < 0 ? r : net_dump(image, state, err);
}

int ns_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err)
{
	if (uts_restore(image, scene, err) < 0)
		return fail_in(err, "uts namespace");
	if (net_restore(image, scene, err) < 0)
		return fail_in(err, "network namespace");
	return 0;
}
