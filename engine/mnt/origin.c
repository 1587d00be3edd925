/* origin.c - bundle mounts are met in the order in which they were made, so several at one place
 * find each other; what is then left came with one of them or is a task's */
#include <string.h>
#include <sys/mount.h>

#include "engine/engine.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/origin.h"

static bool is_cgroup(const char *fstype)
{
	return !strcmp(fstype, "cgroup") || !strcmp(fstype, "cgroup2");
}

/* Types of the bundle that are no types of the kernel. */
static bool fits(const char *type, const struct mountinfo_mount *m)
{
	if (!type || !strcmp(type, "bind") || !strcmp(type, "masked"))
		return true;
	if (!strcmp(type, "readonly"))
		return m->flags & MS_RDONLY;
	if (!strcmp(type, "cgroup"))
		return is_cgroup(m->fstype) || !strcmp(m->fstype, "tmpfs");
	return !strcmp(type, m->fstype);
}

bool mnt_is_expected(const struct bundle_mount *mount)
{
	return !mount->type ||
	       (strcmp(mount->type, "masked") != 0 && strcmp(mount->type, "readonly") != 0);
}

static bool by_bundle(struct mnt_seen *seen, struct mnt_known *known, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (known[i].found || strcmp(known[i].path, seen->mount->mountpoint) != 0 ||
		    !fits(known[i].mount->type, seen->mount))
			continue;
		known[i].found = true;
		seen->origin = MNT_BUNDLE;
		seen->by = known[i].mount;
		return true;
	}
	return false;
}

static const struct mnt_seen *parent_of(const struct mnt_seen *seen, size_t n,
					const struct mnt_seen *of)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i].mount->id == of->mount->parent && &seen[i] != of)
			return &seen[i];
	return NULL;
}

static bool is_type(const struct mnt_seen *seen, const char *type)
{
	return seen->by && seen->by->type && !strcmp(seen->by->type, type);
}

static bool is_same(const struct mountinfo_mount *a, const struct mountinfo_mount *b)
{
	return a->dev == b->dev && !strcmp(a->root, b->root);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* The same mount at the end of the same path on the host: a recursive bind copied it. */
static bool on_host(const struct mountinfo *host, const struct mountinfo_mount *m,
		    const char *tail)
{
	for (size_t i = 0; host && i < host->n; i++)
		if (is_same(&host->mount[i], m) && ends_with(host->mount[i].mountpoint, tail))
			return true;
	return false;
}

/* A protected path is bound on itself with what is mounted below it: that is there twice. */
static bool is_copy(const struct mountinfo *container, const struct mountinfo_mount *m)
{
	for (size_t i = 0; i < container->n; i++) {
		const struct mountinfo_mount *other = &container->mount[i];

		if (other != m && is_same(other, m) &&
		    !strcmp(other->mountpoint, m->mountpoint))
			return true;
	}
	return false;
}

/* The runtime binds the root file system on itself before it binds a directory that holds it. */
static bool is_root_again(const struct mountinfo *container, const struct mountinfo_mount *m)
{
	for (size_t i = 0; i < container->n; i++)
		if (!strcmp(container->mount[i].mountpoint, "/"))
			return is_same(&container->mount[i], m);
	return false;
}

static const char *tail_below(const struct mountinfo_mount *above,
			      const struct mountinfo_mount *m)
{
	size_t n = strlen(above->mountpoint);

	return n > 1 && !strncmp(above->mountpoint, m->mountpoint, n) ? m->mountpoint + n
								      : m->mountpoint;
}

static enum mnt_origin by_parent(const struct mountinfo *container,
				 const struct mountinfo *host, const struct mnt_seen *above,
				 const struct mountinfo_mount *m)
{
	if (!above)
		return MNT_OF_TASK;
	if (is_type(above, "cgroup") && is_cgroup(m->fstype))
		return MNT_CGROUP;
	if (is_type(above, "readonly") && is_copy(container, m))
		return MNT_BELOW;
	if (above->origin != MNT_ROOT && above->origin != MNT_BELOW && !is_type(above, "bind"))
		return MNT_OF_TASK;
	if (is_root_again(container, m))
		return MNT_BELOW;
	return on_host(host, m, tail_below(above->mount, m)) ? MNT_BELOW : MNT_OF_TASK;
}

size_t mnt_explain(const struct mountinfo *container, struct mnt_known *known, size_t n_known,
		   const struct mountinfo *host, struct mnt_seen *seen)
{
	size_t n = container->n, left = 0;
	bool rooted = false, more = true;

	for (size_t i = 0; i < n_known; i++)
		known[i].found = false;
	for (size_t i = 0; i < n; i++) {
		seen[i] = (struct mnt_seen){.mount = &container->mount[i]};
		if (!rooted && !strcmp(container->mount[i].mountpoint, "/"))
			seen[i].origin = MNT_ROOT;
		else
			by_bundle(&seen[i], known, n_known);
		rooted |= seen[i].origin == MNT_ROOT;
	}
	/* parents may stand behind their children */
	while (more) {
		more = false;
		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (seen[i].origin != MNT_OF_TASK)
				continue;
			seen[i].origin = by_parent(container, host,
						   parent_of(seen, n, &seen[i]), seen[i].mount);
			more |= seen[i].origin != MNT_OF_TASK;
			left += seen[i].origin == MNT_OF_TASK;
		}
	}
	return left;
}
