/* cgroups_describe.c - the tree of a hierarchy below the container's cgroup */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/ns/cgroups_rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

const char *cgroups_first_name(struct arena *arena, const char *controllers)
{
	return arena_printf(arena, "%.*s", (int)strcspn(controllers, ","), controllers);
}

static int describe_names(struct arena *arena, const char *controllers, CgControllerEntry *ret,
			  struct err *err)
{
	const char *at = controllers;

	for (;;) {
		char **more = arena_grow(arena, ret->cnames, ret->n_cnames, sizeof(*more));
		size_t len = strcspn(at, ",");
		char *name = arena_printf(arena, "%.*s", (int)len, at);

		if (!more || !name)
			return fail(err, -ENOMEM, "out of memory");
		ret->cnames = more;
		ret->cnames[ret->n_cnames++] = name;
		if (!at[len])
			return 0;
		at += len + 1;
	}
}

static int describe_dir(const struct hierarchy_seen *h, size_t i, const char *name,
			struct arena *arena, CgroupDirEntry **ret, struct err *err)
{
	CgroupDirEntry *entry = arena_new_struct(arena, CgroupDirEntry);
	CgroupPerms *perms = arena_new_struct(arena, CgroupPerms);
	char *path = arena_printf(arena, "%s/%s", h->dir, h->group[i]);
	struct stat st;

	if (!entry || !perms || !path)
		return fail(err, -ENOMEM, "out of memory");
	scoped_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return fail_errno(err, "%s", path);
	cgroup_dir_entry__init(entry);
	cgroup_perms__init(perms);
	perms->mode = st.st_mode & 07777;
	perms->uid = st.st_uid;
	perms->gid = st.st_gid;
	entry->dir_name = (char *)name;
	entry->dir_perms = perms;
	*ret = entry;
	return properties_describe(dir, !*h->controllers,
				   i ? CGROUP_OF_TASKS : CGROUP_OF_CONTAINER, arena, entry,
				   err);
}

/* Parents stand first: the longest earlier path that this one continues. */
static size_t parent_of(const struct hierarchy_seen *h, size_t i)
{
	const char *slash = strrchr(h->group[i], '/');
	size_t len = slash ? (size_t)(slash - h->group[i]) : 0;

	for (size_t j = 0; j < i; j++)
		if (strlen(h->group[j]) == len && !strncmp(h->group[j], h->group[i], len))
			return j;
	return 0;
}

static int add_child(struct arena *arena, CgroupDirEntry *parent, CgroupDirEntry *child,
		     struct err *err)
{
	CgroupDirEntry **more =
		arena_grow(arena, parent->children, parent->n_children, sizeof(*more));

	if (!more)
		return fail(err, -ENOMEM, "out of memory");
	parent->children = more;
	parent->children[parent->n_children++] = child;
	return 0;
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int cgroups_describe(const struct hierarchy_seen *h, struct arena *arena,
		     CgControllerEntry **ret, struct err *err)
{
	CgControllerEntry *entry = arena_new_struct(arena, CgControllerEntry);
	CgroupDirEntry **dirs = arena_alloc(arena, (h->n_groups + 1) * sizeof(*dirs));

	if (!entry || !dirs)
		return fail(err, -ENOMEM, "out of memory");
	cg_controller_entry__init(entry);
	int r = describe_names(arena, h->controllers, entry, err);
	for (size_t i = 0; i < h->n_groups && r >= 0; i++) {
		const char *name = i ? last_of(h->group[i]) : h->prefix + (*h->prefix == '/');

		r = describe_dir(h, i, name, arena, &dirs[i], err);
		if (r >= 0 && i)
			r = add_child(arena, dirs[parent_of(h, i)], dirs[i], err);
	}
	entry->dirs = dirs;
	entry->n_dirs = h->n_groups ? 1 : 0;
	*ret = entry;
	return r;
}
