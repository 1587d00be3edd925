/* cgroups_look.c - which thread is in which sub-cgroup
 *
 * Asked from the cgroups' side: mostly there is none below the container's, and then no file
 * is read.  v1 lists threads in `tasks`, v2 in cgroup.threads (Linux 4.14).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/cgroup.h"
#include "engine/image/one.h"
#include "engine/kernel/proc.h"
#include "engine/model/findings.h"
#include "engine/model/model.h"
#include "engine/ns/cgroups_rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* A thread and, per hierarchy, the index of its group. */
struct member {
	pid_t tid;
	CoreEntry *core;
	size_t *group;
};

struct looking {
	const struct model *model;
	struct arena *arena;
	struct findings *refused;
	struct hierarchy_seen *h;
	size_t n_hierarchies;
	struct member *member; /* by tid */
	size_t n_members;
	CgroupEntry *entry;
	const struct member **first; /* of each set of the entry */
};

/* --- hierarchies */

static bool names(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list;; at++) {
		size_t n = strcspn(at, ",:");

		if (n == len && !strncmp(at, name, len))
			return true;
		at += n;
		if (*at != ',')
			return false;
	}
}

/* The path that /proc/PID/cgroup has for the hierarchy: "ID:CONTROLLERS:PATH". */
static const char *path_in(const char *text, const char *name, struct arena *arena)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *list = strchr(line, ':');
		const char *path = list ? strchr(list + 1, ':') : NULL;

		if (path && names(list + 1, name))
			return arena_printf(arena, "%.*s", (int)strcspn(path + 1, "\n"),
					    path + 1);
	}
	return arena_strdup(arena, "/");
}

static int see_hierarchy(struct looking *l, const struct cgroup_set *set,
			 const struct cgroup_path *path, struct hierarchy_seen *ret,
			 struct err *err)
{
	const char *name = cgroups_first_name(l->arena, path->controllers);

	if (!name)
		return fail(err, -ENOMEM, "out of memory");
	ret->controllers = path->controllers;
	ret->dir = path->dir;
	return cgroup_set_groups(set, name, l->arena, &ret->group, &ret->n_groups, err);
}

static int see_hierarchies(struct looking *l, const struct cgroup_set *set, struct err *err)
{
	const struct cgroup_path *paths;
	size_t n;
	int r = cgroup_set_paths(set, l->arena, &paths, &n, err);

	if (r < 0)
		return r;
	l->h = arena_alloc(l->arena, (n + 1) * sizeof(l->h[0]));
	if (!l->h)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n && r >= 0; i++)
		r = see_hierarchy(l, set, &paths[i], &l->h[i], err);
	l->n_hierarchies = n;
	return r;
}

/* --- members */

static int by_tid(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static size_t count_threads(const struct model *model)
{
	size_t n = 0;

	for (size_t i = 0; i < model->n_tasks; i++)
		if (model->task[i]->state != TASK_ZOMBIE)
			n += model->task[i]->n_threads;
	return n;
}

static int list_members(struct looking *l, struct err *err)
{
	size_t n = count_threads(l->model);
	size_t *groups = arena_alloc(l->arena, (n * l->n_hierarchies + 1) * sizeof(*groups));

	l->member = arena_alloc(l->arena, (n + 1) * sizeof(l->member[0]));
	if (!l->member || !groups)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->model->n_tasks; i++) {
		const struct task *task = l->model->task[i];

		for (size_t t = 0; t < task->n_threads && task->state != TASK_ZOMBIE; t++)
			l->member[l->n_members++] = (struct member){
				.tid = task->thread[t].tid, .core = task->thread[t].core};
	}
	qsort(l->member, l->n_members, sizeof(l->member[0]), by_tid);
	for (size_t i = 0; i < l->n_members; i++)
		l->member[i].group = groups + i * l->n_hierarchies;
	return 0;
}

static int place_members(struct looking *l, size_t hierarchy, size_t group, struct err *err)
{
	const struct hierarchy_seen *h = &l->h[hierarchy];
	scoped_free char *text = NULL;
	char *path = arena_printf(l->arena, "%s/%s/%s", h->dir, h->group[group],
				  *h->controllers ? "tasks" : "cgroup.threads");

	if (!path)
		return fail(err, -ENOMEM, "out of memory");
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "open %s", path);
	if (fd_text(fd, &text, err) < 0)
		return fail_in(err, "%s", path);
	for (char *at = text, *end; *at; at = end + (*end == '\n')) {
		struct member key = {.tid = (pid_t)strtol(at, &end, 10)};
		struct member *m = bsearch(&key, l->member, l->n_members, sizeof(*m), by_tid);

		if (end == at)
			return fail(err, -EPROTO, "%s: %s", path, at);
		if (m)
			m->group[hierarchy] = group;
	}
	return 0;
}

/* --- what cannot be carried */

static int check_group(struct looking *l, const struct hierarchy_seen *h, const char *group,
		       struct err *err)
{
	char *above = NULL, *below = NULL, *frozen = NULL;
	scoped_fd int top = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_fd int dir =
		top < 0 ? -1 : openat(top, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return fail_errno(err, "%s/%s", h->dir, group);
	bool is_frozen =
		!file_line(dir, *h->controllers ? "freezer.self_freezing" : "cgroup.freeze",
			   l->arena, &frozen) &&
		!strcmp(frozen, "1");
	if (is_frozen && findings_add(l->refused, err,
				      "cgroup %s below the container's is frozen by itself, "
				      "which cannot be carried yet; thaw it",
				      group) < 0)
		return -ENOMEM;
	if (file_line(top, "devices.list", l->arena, &above) < 0 ||
	    file_line(dir, "devices.list", l->arena, &below) < 0 || !strcmp(above, below))
		return 0;
	return findings_add(
		l->refused, err,
		"cgroup %s below the container's has device rules of its own, which "
		"cannot be carried yet; remove it",
		group);
}

static int see_groups(struct looking *l, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n_hierarchies; i++)
		for (size_t g = 1; g < l->h[i].n_groups && r >= 0; g++) {
			r = place_members(l, i, g, err);
			if (r >= 0)
				r = check_group(l, &l->h[i], l->h[i].group[g], err);
		}
	return r;
}

/* --- prefixes: what /proc says of the first task, without its sub-cgroup */

static int see_prefixes(struct looking *l, struct err *err)
{
	const struct task *init = l->model->task[0];
	scoped_free char *text = NULL;
	const struct member key = {.tid = init->pid};
	const struct member *m = bsearch(&key, l->member, l->n_members, sizeof(*m), by_tid);
	int r = proc_text(init->pid, 0, "cgroup", &text, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->n_hierarchies; i++) {
		struct hierarchy_seen *h = &l->h[i];
		const char *name = cgroups_first_name(l->arena, h->controllers);
		char *path = name ? (char *)path_in(text, name, l->arena) : NULL;

		if (!path)
			return fail(err, -ENOMEM, "out of memory");
		size_t len = strlen(path), sub = m ? strlen(h->group[m->group[i]]) : 0;
		if (sub && len > sub)
			path[len - sub - 1] = '\0';
		h->prefix = strcmp(path, "/") ? path : "";
	}
	return 0;
}

/* --- sets */

static int make_set(struct looking *l, const struct member *m, CgSetEntry **ret,
		    struct err *err)
{
	CgSetEntry *set = arena_new_struct(l->arena, CgSetEntry);

	if (!set)
		return fail(err, -ENOMEM, "out of memory");
	cg_set_entry__init(set);
	set->id = (uint32_t)l->entry->n_sets + 1;
	set->n_ctls = l->n_hierarchies;
	set->ctls = arena_alloc(l->arena, (set->n_ctls + 1) * sizeof(set->ctls[0]));
	for (size_t i = 0; i < set->n_ctls && set->ctls; i++) {
		const struct hierarchy_seen *h = &l->h[i];
		CgMemberEntry *c = arena_new_struct(l->arena, CgMemberEntry);
		const char *group = h->group[m->group[i]];

		if (!c)
			return fail(err, -ENOMEM, "out of memory");
		cg_member_entry__init(c);
		c->name = (char *)h->controllers;
		c->path = arena_printf(l->arena, "%s/%s", h->prefix, group);
		c->has_cgns_prefix = true;
		c->cgns_prefix = (uint32_t)strlen(h->prefix);
		set->ctls[i] = c;
		if (!c->path)
			return fail(err, -ENOMEM, "out of memory");
	}
	*ret = set;
	return set->ctls ? 0 : fail(err, -ENOMEM, "out of memory");
}

static bool is_in(const struct looking *l, const struct member *a, const struct member *b)
{
	return !memcmp(a->group, b->group, l->n_hierarchies * sizeof(a->group[0]));
}

static void set_core(CoreEntry *core, uint32_t id)
{
	if (core->tc) {
		core->tc->has_cg_set = true;
		core->tc->cg_set = id;
	}
	if (core->thread_core) {
		core->thread_core->has_cg_set = true;
		core->thread_core->cg_set = id;
	}
}

static int add_set(struct looking *l, const struct member *m, CgSetEntry **ret, struct err *err)
{
	CgroupEntry *e = l->entry;
	const struct member **first =
		arena_grow(l->arena, l->first, e->n_sets, sizeof(l->first[0]));
	CgSetEntry **sets = arena_grow(l->arena, e->sets, e->n_sets, sizeof(e->sets[0]));

	if (!first || !sets)
		return fail(err, -ENOMEM, "out of memory");
	l->first = first;
	e->sets = sets;
	int r = make_set(l, m, ret, err);
	if (r < 0)
		return r;
	l->first[e->n_sets] = m;
	e->sets[e->n_sets++] = *ret;
	return 0;
}

/* Few sets, many members: each is compared with the first member of every set. */
static CgSetEntry *find_set(const struct looking *l, const struct member *m)
{
	for (size_t i = 0; i < l->entry->n_sets; i++)
		if (is_in(l, l->first[i], m))
			return l->entry->sets[i];
	return NULL;
}

static int make_sets(struct looking *l, struct err *err)
{
	for (size_t i = 0; i < l->n_members; i++) {
		CgSetEntry *set = find_set(l, &l->member[i]);
		int r = set ? 0 : add_set(l, &l->member[i], &set, err);

		if (r < 0)
			return r;
		set_core(l->member[i].core, set->id);
	}
	return 0;
}

static int describe_all(struct looking *l, struct err *err)
{
	CgroupEntry *e = l->entry;
	int r = 0;

	e->controllers =
		arena_alloc(l->arena, (l->n_hierarchies + 1) * sizeof(e->controllers[0]));
	if (!e->controllers)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->n_hierarchies && r >= 0; i++) {
		r = cgroups_describe(&l->h[i], l->arena, &e->controllers[i], err);
		e->n_controllers += r >= 0;
	}
	return r;
}

int cgroups_look(const struct model *model, const struct cgroup_set *set,
		 struct findings *refused, CgroupEntry **ret, struct err *err)
{
	struct looking l = {
		.model = model,
		.arena = model->arena,
		.refused = refused,
		.entry = arena_new_struct(model->arena, CgroupEntry),
	};
	int r = l.entry ? see_hierarchies(&l, set, err) : fail(err, -ENOMEM, "out of memory");

	if (r >= 0)
		cgroup_entry__init(l.entry);
	if (r >= 0)
		r = list_members(&l, err);
	if (r >= 0)
		r = see_groups(&l, err);
	if (r >= 0)
		r = see_prefixes(&l, err);
	if (r >= 0)
		r = make_sets(&l, err);
	if (r >= 0)
		r = describe_all(&l, err);
	if (r < 0)
		return fail_in(err, "cgroups");
	*ret = l.entry;
	return 0;
}

int cgroups_dump(struct image_dir *image, const CgroupEntry *entry, struct err *err)
{
	return image_put_one(image, IMAGE_CGROUP, 0, &entry->base, err);
}
