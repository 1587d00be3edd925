/* uts.c - host and domain name
 *
 * Seen   uname(2) in the namespace
 * Made   sethostname(2), setdomainname(2), if the name is not that already.  A name that a fresh
 *        bundle sets wins unless it is what the old bundle had set too: then the image's name is
 *        what tasks made of it.
 * Refused  at restore: a name of its own where the fresh bundle shares the host's namespace.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "engine/image/one.h"
#include "engine/kernel/namespace.h"
#include "engine/ns/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static int ask(void *ctx, struct err *err)
{
	return uname(ctx) < 0 ? fail_errno(err, "uname") : 0;
}

int uts_look(const struct ns_scene *scene, UtsnsEntry **ret, struct err *err)
{
	UtsnsEntry *entry = arena_new_struct(scene->arena, UtsnsEntry);
	struct utsname name;

	if (!(scene->bundle.made & CLONE_NEWUTS))
		return 0;
	int r = namespace_visit(scene->init, CLONE_NEWUTS, ask, &name, err);
	if (r < 0)
		return r;
	if (!entry)
		return fail(err, -ENOMEM, "names");
	utsns_entry__init(entry);
	entry->nodename = arena_strdup(scene->arena, name.nodename);
	entry->domainname = arena_strdup(scene->arena, name.domainname);
	if (!entry->nodename || !entry->domainname)
		return fail(err, -ENOMEM, "names");
	entry->bundle_nodename = (char *)scene->bundle.hostname;
	entry->bundle_domainname = (char *)scene->bundle.domainname;
	*ret = entry;
	return 0;
}

int uts_dump(struct image_dir *image, const struct ns_state *state, struct err *err)
{
	if (!state->uts)
		return 0;
	return image_put_one(image, IMAGE_UTSNS, state->scene.uts_id, &state->uts->base, err);
}

bool uts_wins(const char *fresh, const char *old)
{
	return fresh && !(old && !strcmp(fresh, old));
}

struct naming {
	const UtsnsEntry *entry;
	const struct ns_bundle *bundle;
};

static int set_names(void *ctx, struct err *err)
{
	const struct naming *n = ctx;
	const char *host = n->entry->nodename, *domain = n->entry->domainname;
	struct utsname now;

	if (uname(&now) < 0)
		return fail_errno(err, "uname");
	if (!uts_wins(n->bundle->hostname, n->entry->bundle_nodename) &&
	    strcmp(host, now.nodename) != 0 && sethostname(host, strlen(host)) < 0)
		return fail_errno(err, "set host name %s", host);
	if (!uts_wins(n->bundle->domainname, n->entry->bundle_domainname) &&
	    strcmp(domain, now.domainname) != 0 && setdomainname(domain, strlen(domain)) < 0)
		return fail_errno(err, "set domain name %s", domain);
	return 0;
}

/* Did tasks give the container a name that its bundle does not? */
static bool is_of_tasks(const UtsnsEntry *entry)
{
	return !entry->bundle_nodename || strcmp(entry->nodename, entry->bundle_nodename) != 0;
}

int uts_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err)
{
	struct naming naming = {.bundle = &scene->bundle};
	struct err none = {0};
	UtsnsEntry *entry;
	int r = image_get_one(image, IMAGE_UTSNS, scene->uts_id, scene->arena, (void **)&entry,
			      &none);

	if (r == -ENOENT || (r >= 0 && scene->bundle.joined & CLONE_NEWUTS))
		return 0;
	if (r < 0) {
		*err = none;
		return r;
	}
	naming.entry = entry;
	if (scene->bundle.made & CLONE_NEWUTS)
		return namespace_visit(scene->init, CLONE_NEWUTS, set_names, &naming, err);
	if (!is_of_tasks(entry))
		return 0;
	return refuse(
		err,
		"the container had a host name of its own (%s), the bundle gives it no uts "
		"namespace",
		entry->nodename);
}
